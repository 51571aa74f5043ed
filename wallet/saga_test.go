package wallet

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"mintmark/cashu"
)

var noon = time.Date(2031, time.May, 4, 12, 0, 0, 0, time.UTC)

// E1: five families, twelve states, with exactly these words.
func TestE1StatesHaveTheirWords(t *testing.T) {
	want := map[string]Kind{
		`{"type":"send","state":"proofs_reserved"}`:   KindSend,
		`{"type":"send","state":"token_created"}`:     KindSend,
		`{"type":"send","state":"rolling_back"}`:      KindSend,
		`{"type":"receive","state":"proofs_pending"}`: KindReceive,
		`{"type":"receive","state":"swap_requested"}`: KindReceive,
		`{"type":"swap","state":"proofs_reserved"}`:   KindSwap,
		`{"type":"swap","state":"swap_requested"}`:    KindSwap,
		`{"type":"issue","state":"secrets_prepared"}`: KindMint,
		`{"type":"issue","state":"mint_requested"}`:   KindMint,
		`{"type":"melt","state":"proofs_reserved"}`:   KindMelt,
		`{"type":"melt","state":"melt_requested"}`:    KindMelt,
		`{"type":"melt","state":"payment_pending"}`:   KindMelt,
	}
	got := map[string]Kind{}
	for _, s := range States() {
		text, err := cashu.Encode(s)
		if err != nil {
			t.Fatal(err)
		}
		got[string(text)] = s.Kind()
		var back State
		if err := cashu.Decode(text, &back); err != nil || back != s {
			t.Errorf("%s comes back as %v, %v", text, back, err)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestUnknownWordsAreErrors(t *testing.T) {
	for _, text := range []string{
		`{"type":"send","state":"swap_requested"}`, `{"type":"mint","state":"mint_requested"}`,
		`{"type":"Send","state":"token_created"}`, `{"type":"send"}`, `{}`, `null`, `"token_created"`, `3`,
	} {
		var s State
		if err := cashu.Decode([]byte(text), &s); err == nil {
			t.Errorf("%s is read as %v", text, s)
		}
	}
	for _, s := range []State{0, 13, 255} {
		if text, err := cashu.Encode(s); err == nil {
			t.Errorf("state %d is written as %s", uint8(s), text)
		}
		if s.Kind() != "" || s.Family() != "" || s.Sent() {
			t.Errorf("state %d has a kind", uint8(s))
		}
	}
	for _, s := range []string{"", "issue", "Send"} {
		if _, err := ParseKind(s); err == nil {
			t.Errorf("%q is a kind", s)
		}
	}
}

// E2: the constructor fills what follows from state and data.
func TestE2NewSagaFillsWhatFollows(t *testing.T) {
	id := uuid.Must(uuid.NewV7())
	s, err := NewSaga(id, IssueSecretsPrepared, 21, "https://mint.example", "sat", &MintData{Quote: "q", Amount: 21}, noon)
	if err != nil {
		t.Fatal(err)
	}
	if s.Kind != KindMint || s.QuoteID != "q" || s.Version != 0 || s.Created != noon.Unix() || s.Updated != s.Created {
		t.Errorf("got %+v", s)
	}
	s, err = NewSaga(id, SendProofsReserved, 21, "https://mint.example", "sat", &SendData{Amount: 21}, noon)
	if err != nil || s.QuoteID != "" {
		t.Errorf("got %+v, %v", s, err)
	}
	if _, err := NewSaga(id, SendProofsReserved, 21, "https://mint.example", "sat", &MintData{}, noon); err == nil {
		t.Error("a send with the data of a mint is accepted")
	}
	if _, err := NewSaga(id, 0, 21, "https://mint.example", "sat", &MintData{}, noon); err == nil {
		t.Error("a saga without a state is accepted")
	}
	if _, err := NewSaga(id, SendProofsReserved, 21, "https://mint.example", "sat", nil, noon); err == nil {
		t.Error("a saga without data is accepted")
	}
}

// E4: state, kind, time and version change together.
func TestE4UpdateStateSetsEverything(t *testing.T) {
	s, err := NewSaga(uuid.Must(uuid.NewV7()), IssueSecretsPrepared, 21, "https://mint.example", "sat", &MintData{Quote: "q"}, noon)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.UpdateState(IssueMintRequested, noon.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if s.State != IssueMintRequested || s.Kind != KindMint || s.Updated != noon.Unix()+60 || s.Created != noon.Unix() || s.Version != 1 {
		t.Errorf("got %+v", s)
	}
	before := s
	if err := s.UpdateState(MeltMeltRequested, noon); err == nil {
		t.Error("a mint turned into a melt")
	}
	s.Version = math.MaxUint32
	if err := s.UpdateState(IssueMintRequested, noon); err == nil {
		t.Error("the version wrapped around")
	}
	s.Version = before.Version
	if diff := cmp.Diff(before, s, cmp.AllowUnexported(MintData{})); diff != "" {
		t.Errorf("a refused step changed the saga: %s", diff)
	}
}

// E2: data is tagged, and rows as the reference model writes them load, with null
// for what is not there.
func TestE2DataOfTheReferenceModelLoads(t *testing.T) {
	rows := map[string]OperationData{
		`{"kind":"send","data":{"amount":5,"memo":null,"counter_start":0,"counter_end":2,"token":"cashuB","proofs":null}}`:                                                                                             &SendData{Amount: 5, Counters: Counters{ptr(0), ptr(2)}, Token: "cashuB"},
		`{"kind":"receive","data":{"token":"cashuB","counter_start":null,"counter_end":null,"amount":null,"blinded_messages":null}}`:                                                                                   &ReceiveData{Token: "cashuB"},
		`{"kind":"swap","data":{"input_amount":8,"output_amount":7,"counter_start":7,"counter_end":9,"blinded_messages":null}}`:                                                                                        &SwapData{InputAmount: 8, OutputAmount: 7, Counters: Counters{ptr(7), ptr(9)}},
		`{"kind":"mint","data":{"quote_id":"q","quote_ids":null,"is_batch":null,"amount":9,"counter_start":null,"counter_end":null,"blinded_messages":null}}`:                                                          &MintData{Quote: "q", Amount: 9},
		`{"kind":"melt","data":{"quote_id":"q","amount":9,"fee_reserve":1,"counter_start":null,"counter_end":null,"change_amount":1,"metadata":{"a":"b"},"final_proof_ys":null,"change_blinded_messages":null,"x":1}}`: &MeltData{Quote: "q", Amount: 9, FeeReserve: 1, ChangeAmount: 1, Metadata: map[string]string{"a": "b"}},
	}
	for text, want := range rows {
		got, err := DecodeData([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if !sameData(t, got, want) {
			t.Errorf("%s is read as something else", text)
		}
		written, err := EncodeData(got)
		if err != nil {
			t.Fatal(err)
		}
		again, err := DecodeData(written)
		if err != nil || !sameData(t, again, want) {
			t.Errorf("%s comes back changed: %s, %v", text, written, err)
		}
		if strings.Contains(string(written), "null") {
			t.Errorf("what is not there is written: %s", written)
		}
	}
	for _, text := range []string{``, `{}`, `{"kind":"issue","data":{}}`, `{"kind":"send"}`, `{"kind":"send","data":[]}`, `{"kind":"send","data":{"amount":-1}}`} {
		if d, err := DecodeData([]byte(text)); err == nil {
			t.Errorf("%s is read as %v", text, d)
		}
	}
}

func TestNothingSecretIsPrinted(t *testing.T) {
	s, err := NewSaga(uuid.Must(uuid.NewV7()), SendTokenCreated, 5, "https://mint.example", "sat", &SendData{
		Amount: 5, Token: "sesame", CommonData: CommonData{IdempotencyKey: "k"},
	}, noon)
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		words = append(words, fmt.Sprintf(verb, s), fmt.Sprintf(verb, &s), fmt.Sprintf(verb, s.Data), fmt.Sprintf(verb, s.Data.(*SendData).Token))
	}
	for _, w := range words {
		if strings.Contains(w, "sesame") || strings.Contains(w, fmt.Sprintf("%x", "sesame")) {
			t.Errorf("printed: %s", w)
		}
	}
	_, err = DecodeData([]byte(`{"kind":"send","data":{"token":"sesame","amount":"five"}}`))
	if err == nil || strings.Contains(err.Error(), "sesame") {
		t.Errorf("got %v", err)
	}
}

func ptr(n uint32) *uint32 { return &n }

func sameData(t *testing.T, a, b OperationData) bool {
	t.Helper()
	x, err := EncodeData(a)
	if err != nil {
		t.Fatal(err)
	}
	y, err := EncodeData(b)
	if err != nil {
		t.Fatal(err)
	}
	var v, w any
	if json.Unmarshal(x, &v) != nil || json.Unmarshal(y, &w) != nil {
		t.Fatal("not JSON")
	}
	return cmp.Equal(v, w)
}
