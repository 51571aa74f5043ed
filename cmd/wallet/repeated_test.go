package main

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/uuid"

	"mintmark/internal/sqldb"
	"mintmark/wallet"
	"mintmark/wallet/sqlstore"
)

// A command that is given again under the name of a payment in parts tells of all of
// them, and its exit code is that of the whole payment.
func TestARepeatedPaymentInPartsIsToldAsAWhole(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		second string
		code   int
	}{{wallet.StatusCompleted, exitOK}, {wallet.StatusPending, exitPending}, {wallet.StatusFailed, exitFailure}} {
		store, err := sqlstore.Open(t.Context(), sqlstore.Config{Path: sqldb.Memory, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		group, first := uuid.New(), uuid.New()
		err = store.Update(t.Context(), func(tx wallet.Tx) error {
			for id, status := range map[uuid.UUID]string{first: wallet.StatusCompleted, uuid.New(): tc.second} {
				if err := tx.PutTransaction(t.Context(), wallet.Transaction{Operation: id, Kind: wallet.KindMelt, MintURL: "https://" + id.String(), QuoteID: id.String(), Unit: "sat", Amount: 75, Status: status, Group: group}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		s := &session{program: program{stdout: &out}, globals: &globals{op: "rent"}, store: store}
		if err := s.tellRepeated(t.Context(), first); exitCode(err) != tc.code {
			t.Errorf("the second part is %s: exit code %d, %v", tc.second, exitCode(err), err)
		}
		if !strings.Contains(out.String(), "melt of 150 sat") || !strings.Contains(out.String(), "75 sat at") {
			t.Errorf("the second part is %s: %s", tc.second, out.String())
		}
		// For programs: the operation is the one that has the name, and no mint paid all.
		out.Reset()
		s.json = true
		_ = s.tellRepeated(t.Context(), first)
		var v repeatedJSON
		if err := json.Unmarshal(out.Bytes(), &v); err != nil || v.Operation != first.String() || v.Mint != "" || v.Quote != "" || v.Amount != 150 {
			t.Errorf("%s: %v", out.String(), err)
		}
		if len(v.Parts) != 2 || v.Parts[0].Mint == "" || v.Parts[0].Mint == v.Parts[1].Mint {
			t.Errorf("the parts are %+v", v.Parts)
		}
	}
}
