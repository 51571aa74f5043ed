package bdhke_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// What can be read off the source of "no variable-time operation sees a secret
// scalar": the functions that are called Vartime are used for the public proof
// of equality and for sums of public points and nowhere else, and no import brings
// other arithmetic in.
func TestVariableTimeArithmeticIsOnlyUsedOnPublicProofs(t *testing.T) {
	t.Parallel()
	mayUse := map[string]bool{
		"dleq.go":                                       true, // VerifyDLEQ: everything in it is public
		filepath.Join("mintkey", "batch.go"):            true, // sums of Y and of C, before the key
		filepath.Join("internal", "curve", "sum.go"):    true, // where they are defined
		filepath.Join("internal", "curve", "weight.go"): true,
	}
	mayImport := map[string]bool{
		"gitlab.com/yawning/secp256k1-voi": true,
		"mintmark/bdhke":                   true,
		"mintmark/bdhke/internal/curve":    true,
	}
	used := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		for _, i := range file.Imports {
			name, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			if strings.Contains(name, ".") && !mayImport[name] || name == "math/big" || name == "unsafe" {
				t.Errorf("%s imports %s", path, name)
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && strings.Contains(id.Name, "Vartime") {
				used[path] = true
				if !mayUse[path] {
					t.Errorf("%s uses %s", path, id.Name)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(used) != len(mayUse) {
		t.Errorf("the test looks in the wrong place: found uses in %v", used)
	}
}

// The C half of the other backend may call only those functions of the library that
// are constant-time in what is secret.
func TestOnlyConstantTimeFunctionsOfTheLibrarySeeSecrets(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile(filepath.Join("internal", "curve", "libsecp256k1.c"))
	if err != nil {
		t.Fatal(err)
	}
	constant := []string{
		"secp256k1_context_create", "secp256k1_context_randomize", "secp256k1_context_destroy",
		"secp256k1_ec_pubkey_parse", "secp256k1_ec_pubkey_serialize", // of points, in constant time but for what is no point
		"secp256k1_ecdh", "secp256k1_ec_pubkey_create", // the multiplications
		"secp256k1_ec_pubkey_negate", "secp256k1_ec_pubkey_combine", // complete addition
	}
	functions := regexp.MustCompile(`(?ms)^[a-z].*?\b(\w+)\([^;{]*\) \{\n(.*?)^\}`).FindAllStringSubmatch(string(source), -1)
	call := regexp.MustCompile(`\b(secp256k1_\w+)\(`)
	seen := map[string]bool{}
	for _, f := range functions {
		for _, c := range call.FindAllStringSubmatch(f[2], -1) {
			seen[c[1]] = true
			if !slices.Contains(constant, c[1]) {
				t.Errorf("%s calls %s", f[1], c[1])
			}
		}
	}
	if all := call.FindAllString(string(source), -1); len(functions) < 8 || len(seen) < len(constant) || len(all) < len(seen) {
		t.Errorf("the test looks in the wrong place: %d functions, calls of %v", len(functions), seen)
	}
}
