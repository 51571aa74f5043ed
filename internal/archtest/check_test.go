package archtest

import (
	"fmt"
	"slices"
	"strings"
)

// pkg is one node of the import graph.
type pkg struct {
	ImportPath string
	Dir        string
	Standard   bool
	GoFiles    []string
	CgoFiles   []string
	Imports    []string
}

// graph is every package of the module and everything that they link.
type graph map[string]pkg

// check returns every arrow of the graph that the rooms do not allow, in words,
// sorted.
func check(g graph, rooms []room) []string {
	var found []string
	complain := func(format string, args ...any) {
		found = append(found, fmt.Sprintf(format, args...))
	}
	table := make(map[string]room, len(rooms))
	for _, r := range rooms {
		table[module+"/"+r.path] = r
	}
	for path, p := range g {
		if !ours(path) {
			continue
		}
		r, known := table[path]
		if !known {
			complain("%s is not in the table of rooms: say there what it may import", path)
			continue
		}
		for _, target := range p.Imports {
			if ours(target) && !matches(strings.TrimPrefix(target, module+"/"), r.imports) {
				complain("%s imports %s, which the table of rooms does not allow", path, target)
			}
			if matches(target, r.neverImports) {
				complain("%s imports %s, which it never may", path, target)
			}
		}
		for target, chain := range reachable(g, path) {
			if matches(target, r.neverLinks) {
				complain("%s links %s, which it never may: %s", path, target, strings.Join(chain, " -> "))
			}
		}
	}
	slices.Sort(found)
	return found
}

// reachable maps every package that from links to a shortest chain of imports
// that leads there.
func reachable(g graph, from string) map[string][]string {
	chains := make(map[string][]string)
	queue := [][]string{{from}}
	for len(queue) > 0 {
		chain := queue[0]
		queue = queue[1:]
		for _, next := range g[chain[len(chain)-1]].Imports {
			if _, seen := chains[next]; seen || next == from {
				continue
			}
			chains[next] = append(slices.Clone(chain), next)
			queue = append(queue, chains[next])
		}
	}
	return chains
}

func ours(path string) bool { return path == module || strings.HasPrefix(path, module+"/") }

// matches tells whether the path is one of the patterns, of which "x/..." is x
// and everything below it.
func matches(path string, patterns []string) bool {
	for _, pattern := range patterns {
		if base, tree := strings.CutSuffix(pattern, "/..."); path == base || tree && strings.HasPrefix(path, base+"/") {
			return true
		}
	}
	return false
}
