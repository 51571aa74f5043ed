package archtest

import (
	"go/parser"
	"go/token"
	"strings"
	"testing"
)

// A checker that never complains would pass every tree. These tests draw small
// houses with one wrong arrow each.

func TestCheckSeesEveryKindOfForbiddenArrow(t *testing.T) {
	t.Parallel()
	table := []room{
		{path: "cashu", neverImports: []string{"net/..."}},
		{path: "keystore", imports: []string{"cashu"}},
		{path: "helper", imports: []string{"keystore", "cashu"}},
		{path: "cmd/mintd", imports: []string{"helper", "cashu"}, neverLinks: []string{"mintmark/keystore/..."}},
	}
	tests := []struct {
		name  string
		graph map[string][]string
		want  string // part of the only complaint; empty for none
	}{
		{
			name:  "allowed arrows pass",
			graph: map[string][]string{"mintmark/keystore": {"mintmark/cashu", "net"}, "mintmark/cashu": {"strings"}},
		},
		{
			name:  "a room that is not in the table",
			graph: map[string][]string{"mintmark/attic": nil},
			want:  "mintmark/attic is not in the table",
		},
		{
			name:  "an import of ours that the row does not list",
			graph: map[string][]string{"mintmark/cashu": {"mintmark/keystore"}, "mintmark/keystore": nil},
			want:  "mintmark/cashu imports mintmark/keystore",
		},
		{
			name:  "a package below a forbidden tree",
			graph: map[string][]string{"mintmark/cashu": {"net/http"}},
			want:  "mintmark/cashu imports net/http",
		},
		{
			name: "a forbidden package reached over two allowed steps",
			graph: map[string][]string{
				"mintmark/cmd/mintd": {"mintmark/helper"},
				"mintmark/helper":    {"mintmark/keystore"},
				"mintmark/keystore":  nil,
			},
			want: "mintmark/cmd/mintd links mintmark/keystore, which it never may: mintmark/cmd/mintd -> mintmark/helper -> mintmark/keystore",
		},
		{
			name: "a forbidden package reached through a foreign one",
			graph: map[string][]string{
				"mintmark/cmd/mintd":  {"example.org/lib"},
				"example.org/lib":     {"mintmark/keystore/x"},
				"mintmark/keystore/x": nil,
			},
			want: "mintmark/cmd/mintd links mintmark/keystore/x",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g := make(graph)
			for path, imports := range tt.graph {
				g[path] = pkg{ImportPath: path, Imports: imports}
			}
			got := check(g, append([]room{{path: "keystore/x"}}, table...))
			switch {
			case tt.want == "" && len(got) > 0:
				t.Errorf("complained without reason: %q", got)
			case tt.want != "" && (len(got) != 1 || !strings.Contains(got[0], tt.want)):
				t.Errorf("got %q, want one complaint with %q", got, tt.want)
			}
		})
	}
}

func TestMatchesKeepsToWholePathElements(t *testing.T) {
	t.Parallel()
	tests := []struct {
		path, pattern string
		want          bool
	}{
		{"mintmark/keystore", "mintmark/keystore/...", true},
		{"mintmark/keystore/deep", "mintmark/keystore/...", true},
		{"mintmark/keystores", "mintmark/keystore/...", false},
		{"mintmark/keystore/deep", "mintmark/keystore", false},
		{"net/http", "net", false},
	}
	for _, tt := range tests {
		if got := matches(tt.path, []string{tt.pattern}); got != tt.want {
			t.Errorf("matches(%q, %q) = %v, want %v", tt.path, tt.pattern, got, tt.want)
		}
	}
}

func TestReadingTheClockIsSeen(t *testing.T) {
	t.Parallel()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "pure.go", "package pure\n\nimport \"time\"\n\nvar Born = time.Now()\n\nvar Day = 24 * time.Hour\n", 0)
	if err != nil {
		t.Fatal(err)
	}
	got := clockReadsIn(fset, file)
	if len(got) != 1 || got[0] != "time.Now at pure.go:5" {
		t.Errorf("got %q, want the one call of time.Now in line 5", got)
	}
}
