package archtest

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every direct dependency has a line in the README that says why it is there.
func TestTheReadmeNamesEveryDirectDependency(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	readme := readText(t, filepath.Join(root, "README.md"))

	var wanted []string
	modules := regexp.MustCompile(`(?m)^\s*(?:require )?(\S+\.\S+/\S+) v`).FindAllStringSubmatch(readText(t, filepath.Join(root, "go.mod")), -1)
	for path := range directImports(t) {
		var best string
		for _, m := range modules {
			if (path == m[1] || strings.HasPrefix(path, m[1]+"/")) && len(m[1]) > len(best) {
				best = m[1]
			}
		}
		if best == "" {
			t.Errorf("%s is imported and belongs to no module in go.mod", path)
			continue
		}
		wanted = append(wanted, best)
	}
	for _, m := range regexp.MustCompile(`(?m)^\t(\S+)$`).FindAllStringSubmatch(readText(t, filepath.Join(root, "tools", "go.mod")), -1) {
		module, _, _ := strings.Cut(m[1], "/cmd/")
		wanted = append(wanted, module)
	}
	var npm struct {
		Dependencies map[string]string `json:"dependencies"`
	}
	if err := json.Unmarshal([]byte(readText(t, filepath.Join(root, "e2e", "wallets", "package.json"))), &npm); err != nil {
		t.Fatal(err)
	}
	for name := range npm.Dependencies {
		wanted = append(wanted, name)
	}

	slices.Sort(wanted)
	for _, module := range slices.Compact(wanted) {
		if !strings.Contains(readme, "`"+module) {
			t.Errorf("the README does not say why we depend on %s", module)
		}
	}
}

// directImports is every foreign package that our files import, tests included.
func directImports(t *testing.T) map[string]bool {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-f",
		`{{range .Imports}}{{.}} {{end}}{{range .TestImports}}{{.}} {{end}}{{range .XTestImports}}{{.}} {{end}}`, module+"/...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	found := make(map[string]bool)
	for path := range strings.FieldsSeq(string(out)) {
		if first, _, _ := strings.Cut(path, "/"); strings.Contains(first, ".") {
			found[path] = true
		}
	}
	if len(found) == 0 {
		t.Fatal("no foreign package is imported: that is not our tree")
	}
	return found
}

func readText(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
