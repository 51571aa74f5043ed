package archtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestTheTreeKeepsToTheTableOfRooms(t *testing.T) {
	t.Parallel()
	for _, tags := range []string{"", "libsecp256k1"} {
		for _, complaint := range check(load(t, tags), rooms) {
			t.Errorf("%s (tags %q)", complaint, tags)
		}
	}
}

func TestPureRoomsReadNoClock(t *testing.T) {
	t.Parallel()
	g := load(t, "")
	for _, r := range rooms {
		if !r.noClock {
			continue
		}
		for _, complaint := range clockReads(t, g[module+"/"+r.path]) {
			t.Errorf("%s reads the clock: %s; take the time as an argument", r.path, complaint)
		}
	}
}

func TestEveryRowOfTheTableIsAPackage(t *testing.T) {
	t.Parallel()
	g := load(t, "")
	for _, r := range rooms {
		if _, exists := g[module+"/"+r.path]; !exists {
			t.Errorf("room %s is in the table and not in the tree", r.path)
		}
	}
}

// load reads the graph of the whole module, built with the tags, from the go
// command.
func load(t *testing.T, tags string) graph {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-tags", tags,
		"-json=ImportPath,Dir,Standard,GoFiles,CgoFiles,Imports", module+"/...")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	g := make(graph)
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			if len(g) < 100 || g[module+"/cashu"].ImportPath == "" {
				t.Fatalf("go list gave %d packages and cashu is %v: that is not our tree", len(g), g[module+"/cashu"])
			}
			return g
		} else if err != nil {
			t.Fatalf("reading what go list printed: %v", err)
		}
		g[p.ImportPath] = p
	}
}

// clockReads lists the places in the package's files that read the time or wait
// for it.
func clockReads(t *testing.T, p pkg) []string {
	t.Helper()
	var found []string
	for _, name := range slices.Concat(p.GoFiles, p.CgoFiles) {
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, clockReadsIn(fset, file)...)
	}
	return found
}

func clockReadsIn(fset *token.FileSet, file *ast.File) []string {
	readers := []string{"Now", "Since", "Until", "After", "AfterFunc", "Sleep", "Tick", "NewTimer", "NewTicker"}
	var found []string
	ast.Inspect(file, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok || !slices.Contains(readers, sel.Sel.Name) {
			return true
		}
		if id, ok := sel.X.(*ast.Ident); ok && id.Name == "time" {
			at := fset.Position(sel.Pos())
			found = append(found, fmt.Sprintf("time.%s at %s:%d", sel.Sel.Name, filepath.Base(at.Filename), at.Line))
		}
		return true
	})
	return found
}
