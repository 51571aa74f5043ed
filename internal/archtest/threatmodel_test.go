package archtest

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A security claim is worth as much as the test that it names.
func TestEveryTestThatTheThreatModelNamesExists(t *testing.T) {
	t.Parallel()
	const root = "../.."
	model, err := os.ReadFile(filepath.Join(root, "docs", "threat-model.md"))
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`(Test[A-Za-z0-9_]+)`").FindAllStringSubmatch(string(model), -1)
	if len(named) < 40 {
		t.Fatalf("the threat model names %d tests: that is not ours", len(named))
	}
	defined := definedTests(t, root)
	for _, n := range named {
		if !defined[n[1]] {
			t.Errorf("docs/threat-model.md names %s, and there is no such test", n[1])
		}
	}
	for line := range strings.Lines(string(model)) {
		claim := strings.HasPrefix(line, "| ") && strings.Count(line, "|") == 3
		if claim && !strings.HasPrefix(line, "| claim |") && !strings.Contains(line, "`Test") {
			t.Errorf("a claim without a test: %s", line)
		}
	}
}

// definedTests are the names of all test functions of the tree.
func definedTests(t *testing.T, root string) map[string]bool {
	t.Helper()
	function := regexp.MustCompile(`(?m)^func (Test[A-Za-z0-9_]+)\(`)
	defined := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "node_modules"):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(path)
		for _, f := range function.FindAllStringSubmatch(string(text), -1) {
			defined[f[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return defined
}
