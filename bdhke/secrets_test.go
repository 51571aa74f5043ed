package bdhke_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// What can be read off the source of "no variable-time operation sees a secret
// scalar": the functions that are called Vartime are used for the public proof
// of equality and nowhere else, and no import brings other arithmetic in.
func TestVariableTimeArithmeticIsOnlyUsedOnPublicProofs(t *testing.T) {
	t.Parallel()
	mayUse := map[string]bool{
		"dleq.go": true, // VerifyDLEQ: everything in it is public
		filepath.Join("internal", "curve", "voi.go"): true, // where they are defined
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
