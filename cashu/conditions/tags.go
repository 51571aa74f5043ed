package conditions

import (
	"slices"
	"strconv"

	"mintmark/cashu"
)

// tags are the known ones (NUT-11), each nil when it is absent.
type tags struct {
	sigflag, pubkeys, nSigs, lock, refund, nSigsRefund []string
}

// readTags sorts the tags. A known one must not be there twice, and must have a
// value; unknown ones are left alone.
func readTags(list [][]string) (tags, error) {
	var t tags
	if len(list) > MaxTags {
		return t, cashu.Errorf(cashu.CodeTooLarge, "spending condition has more than %d tags", MaxTags)
	}
	known := map[string]*[]string{
		"sigflag": &t.sigflag, "pubkeys": &t.pubkeys, "n_sigs": &t.nSigs,
		"locktime": &t.lock, "refund": &t.refund, "n_sigs_refund": &t.nSigsRefund,
	}
	for _, tag := range list {
		if len(tag) == 0 || slices.Contains(tag, "") {
			return t, malformed("a tag is empty or holds an empty text")
		}
		place, ok := known[tag[0]]
		switch {
		case !ok:
			continue
		case *place != nil:
			return t, malformed("a tag is there twice")
		case len(tag) == 1:
			return t, malformed("a tag has no value")
		}
		*place = tag[1:]
	}
	return t, nil
}

// sigAll reads sigflag. SIG_INPUTS is the default.
func (t tags) sigAll() (bool, error) {
	switch {
	case t.sigflag == nil:
		return false, nil
	case len(t.sigflag) == 1 && t.sigflag[0] == "SIG_INPUTS":
		return false, nil
	case len(t.sigflag) == 1 && t.sigflag[0] == "SIG_ALL":
		return true, nil
	}
	return false, malformed("its sigflag is neither SIG_INPUTS nor SIG_ALL")
}

// locktime reads locktime. What is not a unix time locks for ever (NUT-11), so
// that it opens nothing.
func (t tags) locktime() uint64 {
	if len(t.lock) != 1 {
		return never
	}
	n, err := strconv.ParseUint(t.lock[0], 10, 64)
	if err != nil {
		return never
	}
	return n
}

// needed reads n_sigs or n_sigs_refund: at least one, at most the keys that the
// pathway has. Without the tag it is one signature, or none where no key is.
func needed(tag []string, keys int) (int, error) {
	if tag == nil {
		return min(1, keys), nil
	}
	if len(tag) != 1 {
		return 0, malformed("a number of signatures is not one number")
	}
	n, err := strconv.ParseUint(tag[0], 10, 31)
	if err != nil || n == 0 || n > uint64(keys) {
		return 0, malformed("a number of signatures is not between one and the number of keys")
	}
	return int(n), nil
}
