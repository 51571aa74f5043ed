package wallet

import (
	"slices"

	"github.com/google/uuid"
)

// An operation can work for another, which waits for its end: a swap for a token that
// is taken back, and one more swap for the first when that is in doubt itself.

// kin are unfinished operations, by their ids.
type kin map[uuid.UUID]Saga

func kinOf(sagas []Saga) kin {
	k := make(kin, len(sagas))
	for _, s := range sagas {
		k[s.ID] = s
	}
	return k
}

// over are the operations that one works for, nearest first.
func (k kin) over(s Saga) (ids []uuid.UUID) {
	for range k { // no row makes it go in circles
		parent := s.Data.Common().Parent
		if parent == uuid.Nil {
			break
		}
		ids = append(ids, parent)
		var there bool
		if s, there = k[parent]; !there {
			break
		}
	}
	return ids
}

// worksFor tells whether an operation works for the one of this id, or for one that
// does.
func (k kin) worksFor(s Saga, id uuid.UUID) bool { return slices.Contains(k.over(s), id) }

// generations orders operations so that those that work for others come before these.
func (k kin) generations(sagas []Saga) [][]Saga {
	var list [][]Saga
	for _, s := range sagas {
		depth := len(k.over(s))
		for len(list) <= depth {
			list = append(list, nil)
		}
		list[depth] = append(list[depth], s)
	}
	slices.Reverse(list)
	return list
}
