package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// A wallet adds amounts up with Amount.Add, which says when a sum does not fit, and
// nowhere with +=, which then starts again at nothing. (A mint also divides sums that fit,
// and puts the parts together again.)
func TestAWalletAddsAmountsUpWithChecks(t *testing.T) {
	t.Parallel()
	const amount = module + "/cashu"
	packages, set, looked := compiled(t), token.NewFileSet(), 0
	known := importer.ForCompiler(set, "gc", func(path string) (io.ReadCloser, error) { return os.Open(packages[path].Export) })
	for _, p := range packages {
		if !matches(p.ImportPath, []string{module + "/wallet/...", module + "/cmd/wallet"}) || !slices.Contains(p.Imports, amount) {
			continue
		}
		looked++
		for _, place := range wrapping(t, p.pkg, set, known, amount+".Amount") {
			t.Errorf("%s: an amount is added up without a check", place)
		}
	}
	if looked < 5 {
		t.Errorf("only %d packages of the wallet know amounts: that is not our tree", looked)
	}
}

// compiledPackage is a pkg with the file that the compiler reads of it.
type compiledPackage struct {
	pkg
	Export string
}

func compiled(t *testing.T) map[string]compiledPackage {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-export", "-deps", "-json=ImportPath,Dir,GoFiles,Imports,Export", module+"/...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	packages := map[string]compiledPackage{}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p compiledPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatalf("reading what go list printed: %v", err)
		}
		packages[p.ImportPath] = p
	}
}

// wrapping lists the places in a package where something of a type is added to with +=.
func wrapping(t *testing.T, p pkg, set *token.FileSet, known types.Importer, name string) (found []string) {
	t.Helper()
	var files []*ast.File
	for _, name := range p.GoFiles {
		f, err := parser.ParseFile(set, filepath.Join(p.Dir, name), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	info := types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
	config := types.Config{Importer: known}
	if _, err := config.Check(p.ImportPath, set, files, &info); err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			if s, ok := n.(*ast.AssignStmt); ok && s.Tok == token.ADD_ASSIGN && info.TypeOf(s.Lhs[0]).String() == name {
				found = append(found, fmt.Sprint(set.Position(s.Pos())))
			}
			return true
		})
	}
	return found
}
