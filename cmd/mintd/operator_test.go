package main

import (
	"bytes"
	"crypto/sha256"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/mint"
	"mintmark/mint/sqlstore"
)

// operated is a data directory whose database holds a saga that cannot be, and a
// keyset's totals. While it is served, the database is locked, and commands can
// only work through the socket.
type operated struct {
	t     *testing.T
	cfg   Config
	saga  uuid.UUID
	input bdhke.Point
}

const someKeyset = "0011223344556677"

func newOperated(t *testing.T) *operated {
	t.Helper()
	o := &operated{t: t, cfg: defaultConfig()}
	o.cfg.Data = t.TempDir()
	store := o.open()
	defer store.Close()
	id, err := cashu.ParseKeysetID(someKeyset)
	if err != nil {
		t.Fatal(err)
	}
	hash := func(seed string) bdhke.Point {
		sum := sha256.Sum256([]byte(seed))
		p, err := bdhke.HashToCurve(sum[:])
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	o.saga, o.input = uuid.Must(uuid.NewV7()), hash("y")
	s := &mint.Saga{
		Operation: mint.Operation{ID: o.saga, Kind: mint.OperationSwap, Inputs: 2, Outputs: 1, Created: time.Unix(1_800_000_000, 0)},
		State:     mint.SagaSetupComplete, Owner: "dead",
	}
	err = store.Update(t.Context(), mint.Durable, func(tx mint.Tx) error {
		if err := tx.AddSaga(t.Context(), s); err != nil {
			return err
		}
		if err := tx.AddProofs(t.Context(), s.Operation, []mint.SpentProof{{Y: o.input, Amount: 1, KeysetID: id}}); err != nil {
			return err
		}
		if err := tx.AddOutputs(t.Context(), s.Operation, []cashu.BlindedMessage{{Amount: 1, ID: id, B: hash("b")}}); err != nil {
			return err
		}
		for _, name := range [][3]string{{"bolt11", "l", "odd"}, {"bolt12", "l", "twin"}, {"bolt12", "other", "twin"}, {"gift", "l", "twin"}, {"gift", "", "a\x00\n\"b"}, {"gift", "", ""}} {
			aside := mint.SetAside{Backend: "node", Method: name[0], LookupID: name[1], PaymentID: name[2], Unit: "sat", Amount: 5, Why: "beyond all bounds"}
			if _, err := tx.SetPaymentAside(t.Context(), aside); err != nil {
				return err
			}
		}
		return tx.AddTotals(t.Context(), s.Ref, []mint.KeysetTotals{{KeysetID: id, Issued: 100, Redeemed: 58}}, false)
	})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func (o *operated) open() *sqlstore.Store {
	o.t.Helper()
	store, _, err := openStore(o.t.Context(), o.cfg, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		o.t.Fatal(err)
	}
	return store
}

// served keeps the database open and answers on the socket until the returned
// function is called.
func (o *operated) served() func() {
	store := o.open()
	socket := serveOperator(o.t.Context(), o.cfg, store, nil, slog.New(slog.DiscardHandler))
	return func() {
		if err := socket.Close(); err != nil {
			o.t.Error(err)
		}
		if err := store.Close(); err != nil {
			o.t.Error(err)
		}
	}
}

// mintd runs a command on the data directory.
func (o *operated) mintd(stdin string, args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	args = append(args, "--data", o.cfg.Data)
	code = run(o.t.Context(), args, strings.NewReader(stdin), &out, &err)
	return code, out.String(), err.String()
}

func TestOperatorCommandsWorkWithAndWithoutARunningMint(t *testing.T) {
	t.Parallel()
	for _, running := range []bool{false, true} {
		o := newOperated(t)
		if running {
			defer o.served()()
		}
		for _, step := range []struct {
			name, stdin string
			args        []string
			code        int
			want        string // in what is printed
		}{
			{"a stuck saga is shown", "", []string{"sagas", "list"}, 0, "impossible"},
			{"with its evidence", "", []string{"sagas", "list"}, 0, "1 of 2"},
			{"as JSON too", "", []string{"sagas", "list", "--json"}, 0, `"verdict":"impossible"`},
			{"a decision is needed", "", []string{"sagas", "resolve", o.saga.String()}, 2, "--release or --keep"},
			{"only one", "", []string{"sagas", "resolve", o.saga.String(), "--keep", "--release"}, 2, "--release or --keep"},
			{"an id is an id", "", []string{"sagas", "resolve", "it", "--keep"}, 2, "not the id"},
			{"and a reason", "", []string{"sagas", "resolve", o.saga.String(), "--release"}, 2, "--why"},
			{"it can be looked at", "", []string{"sagas", "show", o.saga.String()}, 0, "1 of 2"},
			{"as JSON too", "", []string{"sagas", "show", o.saga.String(), "--json"}, 0, `"verdict":"impossible"`},
			{"by its id", "", []string{"sagas", "show", "it"}, 2, "not the id"},
			{"evidence comes before the question", "no\n", []string{"sagas", "resolve", o.saga.String(), "--release", "--why", "seen"}, 1, "1 of 2"},
			{"no means no", "no\n", []string{"sagas", "resolve", o.saga.String(), "--release", "--why", "seen"}, 1, "nothing was changed"},
			{"silence means no", "", []string{"sagas", "resolve", o.saga.String(), "--release", "--why", "seen"}, 1, "nothing was changed"},
			{"yes means yes", "yes\n", []string{"sagas", "resolve", o.saga.String(), "--release", "--why", "the payee has nothing"}, 0, "done"},
			{"what was decided is kept", "", []string{"sagas", "decisions"}, 0, "the payee has nothing"},
			{"with the evidence", "", []string{"sagas", "decisions", "--json"}, 0, `proofs_pending`},
			{"and then it is gone", "", []string{"sagas", "list"}, 0, "no operation is unfinished"},
			{"twice is refused", "", []string{"sagas", "resolve", o.saga.String(), "--release", "--yes", "--why", "seen"}, 1, "no unfinished operation"},
			{"liabilities are issued less redeemed", "", []string{"liabilities"}, 0, "42"},
			{"as JSON too", "", []string{"liabilities", "--json"}, 0, `"outstanding":42`},
			{"a recount sees that the rows are missing", "", []string{"liabilities", "--recount"}, 1, "do not add up"},
			{"over-redeeming can be allowed", "", []string{"liabilities", "allow-over-redeem", someKeyset}, 0, ""},
			{"for a keyset", "", []string{"liabilities", "allow-over-redeem", "all"}, 1, "not the full id"},
			{"a setting that is not there", "", []string{"setting", "get", "mint_info"}, 1, "no mint info"},
			{"a setting that nobody knows", "", []string{"setting", "set", "colour", "green"}, 1, "unknown configuration key"},
			{"no setting is there", "", []string{"setting", "list"}, 0, "quote_ttl  (as the configuration file has it)"},
			{"nor as JSON", "", []string{"setting", "list", "--json"}, 0, "{}"},
			{"a setting is set", "", []string{"setting", "set", "quote_ttl", "5m"}, 0, ""},
			{"and read", "", []string{"setting", "get", "quote_ttl"}, 0, "5m"},
			{"with all others", "", []string{"setting", "list"}, 0, "quote_ttl  5m"},
			{"as JSON too", "", []string{"setting", "list", "--json"}, 0, `{"quote_ttl":"5m"}`},
			{"a group alone says what it knows", "", []string{"lightning"}, 2, "say status, check, enable, disable, terms, accept or aside"},
			{"wherever the flag is", "", []string{"setting"}, 2, "hint: mintd setting --help explains the command"},
			{"and what it does not know", "", []string{"sagas", "clear"}, 2, `unknown command "clear" for "mintd sagas"`},
			{"a payment is set aside", "", []string{"lightning", "aside"}, 0, "beyond all bounds"},
			{"as JSON too", "", []string{"lightning", "aside", "--json"}, 0, `"payment_id":"odd"`},
			{"it is settled with a reason", "", []string{"lightning", "aside", "settle", "odd"}, 2, "say --why"},
			{"by its name", "", []string{"lightning", "aside", "settle", "even", "--why", "x"}, 1, "no payment"},
			{"and its backend", "", []string{"lightning", "aside", "settle", "odd", "--backend", "other", "--why", "x"}, 1, "no payment"},
			{"once", "", []string{"lightning", "aside", "settle", "odd", "--why", "given back"}, 0, ""},
			{"for ever", "", []string{"lightning", "aside", "settle", "odd", "--why", "given back"}, 1, "no payment"},
			{"which is kept", "", []string{"sagas", "decisions"}, 0, "given back"},
			{"an id may be that of several", "", []string{"lightning", "aside", "settle", "twin", "--backend", "node", "--why", "x"}, 1, "3 payments are called"},
			{"of a method, too", "", []string{"lightning", "aside", "settle", "twin", "--method", "bolt12", "--why", "x"}, 1, "2 payments are called"},
			{"or of a request", "", []string{"lightning", "aside", "settle", "twin", "--request", "l", "--why", "x"}, 1, "2 payments are called"},
			{"both leave one", "", []string{"lightning", "aside", "settle", "twin", "--request", "l", "--method", "bolt12", "--why", "x"}, 0, ""},
			{"the next one", "", []string{"lightning", "aside", "settle", "twin", "--request", "l", "--why", "x"}, 0, ""},
			{"the last one", "", []string{"lightning", "aside", "settle", "twin", "--why", "x"}, 0, ""},
			{"what nobody can type is printed", "", []string{"lightning", "aside"}, 0, `"a\x00\n\"b"`},
			{"and typed as it is printed", "", []string{"lightning", "aside", "settle", `"a\x00\n\"b"`, "--why", "x"}, 0, ""},
			{"an empty one, too", "", []string{"lightning", "aside", "settle", `""`, "--why", "x"}, 0, ""},
			{"and they are gone", "", []string{"lightning", "aside"}, 0, "no payment is set aside"},
			{"a memory is given up by its name", "", []string{"lightning", "accept", "nobody", "--yes", "--why", "burned"}, 1, "no payment backend of this name"},
			{"and after a question", "no\n", []string{"lightning", "accept", "nobody", "--why", "burned"}, 1, "nothing was changed"},
		} {
			code, stdout, stderr := o.mintd(step.stdin, step.args...)
			if code != step.code || !strings.Contains(stdout+stderr, step.want) {
				t.Errorf("running %v: %s: exit code %d, want %d and %q:\n%s%s", running, step.name, code, step.code, step.want, stdout, stderr)
			}
		}
	}
}

func TestResolvingGivesTheInputBack(t *testing.T) {
	t.Parallel()
	for flag, want := range map[string]mint.ProofState{"--release": mint.ProofUnspent, "--keep": mint.ProofSpent} {
		o := newOperated(t)
		if code, _, stderr := o.mintd("", "sagas", "resolve", o.saga.String(), flag, "--yes", "--why", "seen"); code != 0 {
			t.Fatalf("%s: %s", flag, stderr)
		}
		store := o.open()
		records, err := store.Proofs(t.Context(), []bdhke.Point{o.input})
		if err != nil {
			t.Fatal(err)
		}
		if records[0].State != want {
			t.Errorf("%s: the input is %v, want %v", flag, records[0].State, want)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestOperatorCommandsMakeNoData(t *testing.T) {
	t.Parallel()
	var out, err bytes.Buffer
	if code := run(t.Context(), []string{"liabilities", "--data", t.TempDir() + "/none"}, nil, &out, &err); code != 1 {
		t.Errorf("exit code %d: %s%s", code, out.String(), err.String())
	}
}
