package wallet_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mintmark/internal/sqldb"
	"mintmark/wallet"
)

// lyingLine is a way to a mint that answers one request with something that is not
// so: a value of the answer is another one, a part of it is missing, twice there or in
// another place, or it is a refusal. The mint itself has done what it was asked.
type lyingLine struct {
	mu     sync.Mutex
	n, at  int
	random *rand.Rand
	said   string // what the lie was
}

func (l *lyingLine) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil || listens(r) {
		return resp, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.n++; l.n != l.at {
		return resp, nil
	}
	text, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		return nil, err
	}
	status, lie, what := l.lie(resp.StatusCode, text)
	l.said = fmt.Sprintf("%s %s: %s", r.Method, r.URL.Path, what)
	resp.StatusCode, resp.Status = status, http.StatusText(status)
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(lie)), int64(len(lie))
	return resp, nil
}

// refusals are the codes that a lie may have.
var refusals = []int{
	10001, 11001, 11002, 11003, 11004, 11005, 11006, 11007, 11008, 11009, 11010, 11013, 11014, 11015,
	12001, 12002, 20001, 20002, 20003, 20004, 20005, 20006, 20007, 20008, 20009, 30001, 30002, 31001, 31002, 31004, 99999,
}

// lie makes one out of an answer.
func (l *lyingLine) lie(status int, text []byte) (int, []byte, string) {
	if l.random.IntN(4) == 0 {
		code := refusals[l.random.IntN(len(refusals))]
		return http.StatusBadRequest, fmt.Appendf(nil, `{"detail":"no","code":%d}`, code), fmt.Sprintf("refused with %d", code)
	}
	var answer any
	numbers := json.NewDecoder(bytes.NewReader(text))
	numbers.UseNumber()
	if err := numbers.Decode(&answer); err != nil {
		return http.StatusBadRequest, text, "it is an error"
	}
	var places []place
	visit(&places, "", answer, func(v any) { answer = v })
	p := places[l.random.IntN(len(places))]
	what := l.twist(p)
	lie, _ := json.Marshal(answer) // it was JSON before
	return status, lie, what
}

// place is one value in an answer.
type place struct {
	name   string
	value  any
	put    func(any)
	remove func() // nil: it is not a member of an object
}

func visit(into *[]place, name string, v any, put func(any)) {
	visitMember(into, name, v, put, nil)
}

func visitMember(into *[]place, name string, v any, put func(any), remove func()) {
	*into = append(*into, place{name, v, put, remove})
	switch v := v.(type) {
	case map[string]any:
		keys := make([]string, 0, len(v))
		for key := range v {
			keys = append(keys, key)
		}
		slices.Sort(keys) // a map has no order, and a case has to be the same again
		for _, key := range keys {
			visitMember(into, name+"."+key, v[key], func(x any) { v[key] = x }, func() { delete(v, key) })
		}
	case []any:
		for i, x := range v {
			visit(into, name+"["+strconv.Itoa(i)+"]", x, func(x any) { v[i] = x })
		}
	}
}

// wordsOfStates are what short words in capitals are replaced with.
var wordsOfStates = []any{"UNPAID", "PENDING", "PAID", "ISSUED", "UNSPENT", "SPENT", "FAILED", ""}

func (l *lyingLine) twist(p place) string {
	if p.remove != nil && l.random.IntN(6) == 0 {
		p.remove()
		return "without " + p.name
	}
	var lie any
	switch v := p.value.(type) {
	case json.Number:
		n, _ := strconv.ParseUint(v.String(), 10, 64)
		lie = []any{0, n + 1, n - 1, 2 * n, uint64(1 << 63), -1, 1.5, v.String()}[l.random.IntN(8)]
	case string:
		lie = l.otherString(v)
	case bool:
		lie = !v
	case []any:
		lie = l.otherList(v)
	default:
		lie = []any{nil, map[string]any{}, []any{}, "x"}[l.random.IntN(4)]
	}
	p.put(lie)
	text, _ := json.Marshal(lie)
	return fmt.Sprintf("%s is %.60s", p.name, text)
}

func (l *lyingLine) otherString(s string) any {
	if s == strings.ToUpper(s) && len(s) < 10 {
		return wordsOfStates[l.random.IntN(len(wordsOfStates))]
	}
	text := []byte(s)
	switch i := l.random.IntN(max(1, len(text))); {
	case len(text) == 0:
		return "x"
	case text[i] == '0':
		text[i] = '1'
	default:
		text[i] = '0'
	}
	return string(text)
}

func (l *lyingLine) otherList(v []any) any {
	if len(v) == 0 {
		return nil
	}
	i, j := l.random.IntN(len(v)), l.random.IntN(len(v))
	other := slices.Clone(v)
	switch l.random.IntN(5) {
	case 0:
		return []any{}
	case 1:
		return slices.Delete(other, i, i+1)
	case 2:
		return append(other, v[i])
	case 3:
		other[i] = v[j]
		return other
	}
	other[i], other[j] = other[j], other[i]
	return other
}

// howManyLies says how many each operation is told; without it there are few.
const howManyLies = "MINTMARK_WALLET_LIES"

// Every operation, at a mint that tells one lie and is honest after it, or behind
// something that does: nothing is lost, nothing is counted that is not there, and
// nothing is stuck. The lies are the same each time.
func TestEveryOperationSurvivesALie(t *testing.T) {
	each := 4
	if text := os.Getenv(howManyLies); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		each = n
	}
	for offset, sc := range scenarios() {
		if raced && offset%10 != 0 {
			continue
		}
		t.Run(sc.name, func(t *testing.T) {
			t.Parallel()
			requests, _ := countEdges(t, sc)
			if requests == 0 {
				return // nobody is asked
			}
			for first := 0; first < each; first += 8 {
				t.Run(fmt.Sprint("from ", first), func(t *testing.T) {
					t.Parallel()
					w := sc.world(t)
					for i := first; i < min(first+8, each); i++ {
						random := rand.New(rand.NewPCG(uint64(i), uint64(offset)))
						l := &lyingLine{at: 1 + random.IntN(requests), random: random}
						if err := w.underLie(sc, l); err != nil {
							t.Errorf("%d: %s: %v", i, l.said, err)
						}
					}
				})
			}
		})
	}
}

func (w *world) underLie(sc scenario, l *lyingLine) error {
	w.t.Helper()
	s := w.stageOn(sqldb.Memory)
	arg := sc.prepare(s)
	ended := sc.do(impatient(w.t.Context()), w.walletBy(s.xStore, l, s.xSeed), w.url, arg)
	_, err := s.x.Recover(w.t.Context(), wallet.RecoverOptions{})
	w.later(2 * time.Minute) // then a mint is asked anew that made no sense
	if err == nil {
		err = s.settle(sc.name)
	}
	if err != nil {
		return fmt.Errorf("it ended with %v, and then: %w", ended, err)
	}
	return nil
}
