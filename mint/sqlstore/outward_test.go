package sqlstore

import (
	"errors"
	"fmt"
	"testing"

	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/mint"
)

func TestWhatMayPassIsAnOutageAndNoFault(t *testing.T) {
	t.Parallel()
	for err, outage := range map[error]bool{
		sqldb.ErrFull: true, sqldb.ErrReadOnly: true, sqldb.ErrUnavailable: true, sqldb.ErrTimeout: true,
		sqldb.ErrConflict: true, sqldb.ErrUnknownOutcome: true,
		sqldb.ErrCorrupt: false, sqldb.ErrUnique: false, mint.ErrProofKnown: false, mint.ErrForbiddenState: false,
	} {
		got := outward(fmt.Errorf("doing something: %w", err))
		if errors.Is(got, cashu.ErrUnavailable) != outage {
			t.Errorf("%v: an outage is %v, want %v", err, !outage, outage)
		}
		if !errors.Is(got, err) {
			t.Errorf("%v is lost", err)
		}
	}
}
