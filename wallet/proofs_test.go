package wallet_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The tables in docs/wallet.md have a row for each weak point, invariant,
// requirement and crash window, and name only tests and cases that there are.
func TestTheTableOfProofsNamesTestsThatExist(t *testing.T) {
	page, err := os.ReadFile("../docs/wallet.md")
	if err != nil {
		t.Fatal(err)
	}
	var sources strings.Builder
	for _, pattern := range []string{"*_test.go", "*/*_test.go", "storetest/*.go", "../cmd/wallet/*_test.go", "../e2e/*_test.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, name := range files {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			sources.Write(text)
		}
	}
	rows := map[string]string{}
	for _, row := range regexp.MustCompile(`(?m)^\| ([WIEC]\d+(?:, I\d+)*) \|.*\| (.*) \|$`).FindAllStringSubmatch(string(page), -1) {
		for id := range strings.SplitSeq(row[1], ", ") {
			rows[id] = row[2]
		}
	}
	for kind, last := range map[string]int{"W": 22, "I": 12, "E": 4, "C": 27} {
		for n := 1; n <= last; n++ {
			id := fmt.Sprint(kind, n)
			tests := regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(rows[id], -1)
			if len(tests) == 0 && !(kind == "C" && strings.Contains(rows[id], `"`)) { // a case of the windows
				t.Errorf("%s has no test", id)
			}
			for _, test := range tests {
				if !strings.Contains(sources.String(), "func "+test[1]+"(t *testing.T)") {
					t.Errorf("%s: there is no %s", id, test[1])
				}
			}
			for _, c := range regexp.MustCompile(`"([^"]+)"`).FindAllStringSubmatch(rows[id], -1) {
				if !strings.Contains(sources.String(), `"`+c[1]+`"`) {
					t.Errorf("%s: there is no case %q", id, c[1])
				}
			}
		}
	}
}
