package sqlstore

import (
	"slices"
	"strings"
	"testing"
)

// Whatever table learns of mints later, moving one must not forget it.
func TestMovingAMintKnowsEveryTableThatNamesOne(t *testing.T) {
	t.Parallel()
	var known []string
	for _, stmt := range slices.Concat(moveMint, leaveMint) {
		words := strings.Fields(stmt.SQL)
		known = append(known, words[slices.IndexFunc(words, func(w string) bool { return w == "UPDATE" || w == "FROM" })+1])
	}
	for _, engine := range []string{"sqlite", "postgres"} {
		steps, err := migrations(engine)
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range steps {
			for statement := range strings.SplitSeq(step.SQL, ";") {
				_, rest, found := strings.Cut(statement, "CREATE TABLE ")
				name, columns, _ := strings.Cut(rest, " ")
				name = strings.TrimSuffix(name, "_new") // a table that takes the place of the old one
				if found && (strings.Contains(columns, "mint_url") || name == "mints") && !slices.Contains(known, name) {
					t.Errorf("%s: the table %s names mints", engine, name)
				}
			}
		}
	}
	if len(known) < 9 {
		t.Errorf("only %v are known", known)
	}
}
