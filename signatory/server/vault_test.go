package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"mintmark/cashu"
	"mintmark/internal/seedfile"
	"mintmark/keystore"
	adminpb "mintmark/proto/signatory/admin/v1"
	"mintmark/signatory"
)

const rightPassphrase = "the right passphrase"

// lockable is a signatory that the operator can lock and unlock. Its data have one
// keyset already.
type lockable struct {
	operated
	k     cashu.Keyset
	given []Secret // what the operator handed over, in order
}

func lockedStart(t *testing.T, clients *Clients) *lockable {
	t.Helper()
	return lockedStartFrozen(t, clients, "")
}

// lockedStartFrozen is lockedStart on data in which a unit is frozen.
func lockedStartFrozen(t *testing.T, clients *Clients, frozen cashu.Unit) *lockable {
	t.Helper()
	l := &lockable{operated: operated{file: t.TempDir() + "/k.db"}}
	before := storedKeystore(t, l.file, true, nil)
	l.k = rotate(t, before, 0)
	if frozen != "" {
		if err := before.Freeze(t.Context(), frozen, "operator"); err != nil {
			t.Fatal(err)
		}
	}
	if err := before.Close(); err != nil {
		t.Fatal(err)
	}
	path := socketPath(t)
	l.running = serve(t, Config{
		Open: func(_ context.Context, s Secret) (Opened, error) {
			l.given = append(l.given, s)
			if string(s.Passphrase()) != rightPassphrase {
				return nil, fmt.Errorf("reading it: %w", seedfile.ErrWrongSeal)
			}
			return storedKeystore(t, l.file, false, nil), nil
		},
		Clients: clients, Listen: "unix:" + path, AdminListen: "unix:" + path + "a",
	})
	l.mint = dial(t, signatory.ClientConfig{Address: "unix:" + path})
	var err error
	l.conn, err = grpc.NewClient("passthrough:///unix:"+path+"a", grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.conn.Close() })
	l.admin = adminpb.NewAdminServiceClient(l.conn)
	return l
}

func (l *lockable) unlock(t *testing.T, passphrase string) error {
	t.Helper()
	_, err := l.admin.Unlock(t.Context(), &adminpb.UnlockRequest{Secret: &adminpb.UnlockRequest_Passphrase{Passphrase: []byte(passphrase)}})
	return err
}

func (l *lockable) lock(t *testing.T) {
	t.Helper()
	if _, err := l.admin.Lock(t.Context(), &adminpb.LockRequest{}); err != nil {
		t.Fatal(err)
	}
}

func (l *lockable) sign(t *testing.T, amount cashu.Amount) error {
	t.Helper()
	messages, _ := order(t, l.k, amount, 1)
	_, err := l.mint.BlindSign(t.Context(), messages)
	return err
}

func (l *lockable) health(t *testing.T, service string) string {
	t.Helper()
	got, err := healthpb.NewHealthClient(l.conn).Check(t.Context(), &healthpb.HealthCheckRequest{Service: service})
	if err != nil {
		t.Fatal(err)
	}
	return got.GetStatus().String()
}

func TestAStartWithoutTheSeedSignsOnlyAfterTheUnlock(t *testing.T) {
	t.Parallel()
	l := lockedStart(t, nil)
	ctx := t.Context()
	for what, err := range map[string]error{
		"sign": l.sign(t, 8),
		"keysets": func() error {
			_, err := l.mint.Keysets(ctx)
			return err
		}(),
		"subscribe": l.mint.SubscribeKeysets(ctx, func(signatory.Snapshot) error { return errors.New("it tells keysets") }),
	} {
		if !errors.Is(err, signatory.ErrUnavailable) || !strings.Contains(err.Error(), "the signatory is locked") {
			t.Errorf("%s: %v", what, err)
		}
	}
	for service, want := range map[string]string{"": "NOT_SERVING", "signatory.Signatory": "NOT_SERVING", "signatory.admin.v1.AdminService": "SERVING"} {
		if got := l.health(t, service); got != want {
			t.Errorf("the health of %q is %s", service, got)
		}
	}
	if got, err := l.admin.Status(ctx, &adminpb.StatusRequest{}); err != nil || !got.GetLocked() || len(got.GetIdentity()) != 0 {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := l.admin.Freeze(ctx, &adminpb.FreezeRequest{What: &adminpb.FreezeRequest_All{All: true}}); status.Code(err) != codes.FailedPrecondition {
		t.Errorf("a freeze that nothing would remember: %v", err)
	}

	if err := l.unlock(t, rightPassphrase); err != nil {
		t.Fatal(err)
	}
	if err := l.sign(t, 8); err != nil {
		t.Error(err)
	}
	if l.health(t, "") != "SERVING" || l.health(t, "signatory.Signatory") != "SERVING" {
		t.Error("it does not say that it serves")
	}
	if got, err := l.admin.Status(ctx, &adminpb.StatusRequest{}); err != nil || got.GetLocked() || len(got.GetKeysets()) != 1 {
		t.Errorf("%v, %v", got, err)
	}
	if err := l.unlock(t, "whatever"); err != nil {
		t.Errorf("unlocking what is not locked: %v", err)
	}
	if err := l.stop(); err != nil {
		t.Fatal(err)
	}
	if got := kinds(t, l.file); got[keystore.AuditUnlock] != 1 || got[keystore.AuditStop] != 1 {
		t.Errorf("%v", got)
	}
}

// What a start without the seed could not read counts from the unlock on.
func TestAnUnlockDoesNotForgetWhatWasFrozenBefore(t *testing.T) {
	t.Parallel()
	l := lockedStartFrozen(t, nil, "sat")
	if err := l.unlock(t, rightPassphrase); err != nil {
		t.Fatal(err)
	}
	if err := l.sign(t, 8); err == nil || !strings.Contains(err.Error(), "stopped by the operator") {
		t.Errorf("it signs a unit that was frozen before the start: %v", err)
	}
	got, err := l.admin.Status(t.Context(), &adminpb.StatusRequest{})
	if err != nil || len(got.GetFrozen().GetUnits()) != 1 {
		t.Errorf("%v, %v", got, err)
	}
}

func TestALockTakesTheKeysAwayUntilTheUnlock(t *testing.T) {
	t.Parallel()
	l := lockedStart(t, mustParse(t, fmt.Sprintf(`
[[client]]
name = "both"
roles = ["mint", "admin"]
uid = [%d]
[[client.budget]]
unit = "sat"
day_value = 16
`, os.Geteuid())))
	if err := l.unlock(t, rightPassphrase); err != nil {
		t.Fatal(err)
	}
	if err := l.sign(t, 8); err != nil {
		t.Fatal(err)
	}
	if _, err := l.admin.Freeze(t.Context(), &adminpb.FreezeRequest{What: &adminpb.FreezeRequest_Unit{Unit: "usd"}}); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	told := make(chan struct{}, 8)
	go func() {
		ended <- l.mint.SubscribeKeysets(t.Context(), func(signatory.Snapshot) error {
			told <- struct{}{}
			return nil
		})
	}()
	<-told

	l.lock(t)
	if err := <-ended; !errors.Is(err, signatory.ErrUnavailable) {
		t.Errorf("a subscription outlived the keys: %v", err)
	}
	if err := l.sign(t, 1); !errors.Is(err, signatory.ErrUnavailable) {
		t.Errorf("it signs: %v", err)
	}
	if l.health(t, "") != "NOT_SERVING" {
		t.Error("it says that it serves")
	}
	l.lock(t) // twice does nothing
	if got := kinds(t, l.file); got[keystore.AuditLock] != 1 {
		t.Errorf("%v", got)
	}

	if err := l.unlock(t, rightPassphrase); err != nil {
		t.Fatal(err)
	}
	// Each unlock writes down under which rules it lets clients in, as a start does.
	if got := kinds(t, l.file); got[keystore.AuditConfig] != 2 || got[keystore.AuditUnlock] != 2 {
		t.Errorf("%v", got)
	}
	if err := l.sign(t, 8); err != nil {
		t.Errorf("after the unlock: %v", err)
	}
	if err := l.sign(t, 1); err == nil || !strings.Contains(err.Error(), "budget") {
		t.Errorf("a lock gave used budget back: %v", err)
	}
	got, err := l.admin.Status(t.Context(), &adminpb.StatusRequest{})
	if err != nil || len(got.GetFrozen().GetUnits()) != 1 {
		t.Errorf("a lock has thawed: %v, %v", got, err)
	}
	// What follows after the unlock is told, too.
	fresh, err := l.admin.PrepareKeyset(t.Context(), &adminpb.PrepareKeysetRequest{Unit: "sat"})
	if err != nil {
		t.Fatal(err)
	}
	if now, err := l.mint.Keysets(t.Context()); err != nil || len(now.Keysets) != 2 || string(now.Keysets[1].ID.Bytes()) != string(fresh.GetKeyset().GetId()) {
		t.Errorf("%+v, %v", now, err)
	}
}

func TestAWrongPassphraseLeavesItLocked(t *testing.T) {
	t.Parallel()
	l := lockedStart(t, nil)
	for range 2 {
		err := l.unlock(t, "a wrong passphrase")
		if status.Code(err) != codes.FailedPrecondition || !strings.Contains(err.Error(), "does not open with this passphrase") {
			t.Errorf("%v", err)
		}
	}
	if err := l.sign(t, 8); !errors.Is(err, signatory.ErrUnavailable) {
		t.Errorf("it signs: %v", err)
	}
	if err := l.unlock(t, rightPassphrase); err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	if err := keystore.ExportAudit(t.Context(), keystore.At(l.file), &log); err != nil || !strings.Contains(log.String(), `"failed_before":2`) {
		t.Errorf("%v: the audit log does not tell of the attempts:\n%s", err, log.String())
	}
	for i, s := range l.given {
		if s.Passphrase() != nil {
			t.Errorf("secret %d was not wiped", i)
		}
	}
	for _, secret := range []string{rightPassphrase, "a wrong passphrase"} {
		if strings.Contains(l.logs.String()+log.String(), secret) {
			t.Errorf("a log shows %q", secret)
		}
	}
}

// Locks and unlocks in the middle of calls: each call ends, with a signature or a
// refusal that a mint can live with.
func TestCallsUnderWayEndWithALock(t *testing.T) {
	t.Parallel()
	l := lockedStart(t, nil)
	if err := l.unlock(t, rightPassphrase); err != nil {
		t.Fatal(err)
	}
	var signed, refused atomic.Int64
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			messages, _ := order(t, l.k, 8, 50)
			for {
				select {
				case <-stop:
					return
				default:
				}
				switch _, err := l.mint.BlindSign(t.Context(), messages); {
				case err == nil:
					signed.Add(1)
				case errors.Is(err, signatory.ErrUnavailable) && strings.Contains(err.Error(), "locked"):
					refused.Add(1)
					time.Sleep(time.Millisecond)
				default:
					t.Errorf("a call ended with %v", err)
					return
				}
			}
		})
	}
	for range 5 {
		time.Sleep(20 * time.Millisecond)
		l.lock(t)
		if err := l.unlock(t, rightPassphrase); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "signatures after the last unlock", func() bool {
		n := signed.Load()
		time.Sleep(50 * time.Millisecond)
		return signed.Load() > n
	})
	close(stop)
	wg.Wait()
	if signed.Load() == 0 || refused.Load() == 0 {
		t.Errorf("%d signed, %d refused: nothing was tested", signed.Load(), refused.Load())
	}
}

func TestAnUnlockSecretNeverShows(t *testing.T) {
	t.Parallel()
	type wrapper struct{ hidden Secret }
	s := PassphraseSecret([]byte("hunter22"))
	var shown string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x", "%q"} {
		shown += fmt.Sprintf(verb, s) + fmt.Sprintf(verb, wrapper{s})
	}
	text, err := json.Marshal(map[string]any{"s": s})
	if err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{"hunter22", fmt.Sprintf("%x", "hunter22"), fmt.Sprint([]byte("hunter22"))} {
		if strings.Contains(shown+string(text), form) {
			t.Errorf("it shows: %s", shown)
		}
	}
	if string(s.Passphrase()) != "hunter22" || s.Identity() != nil || (Secret{}).Passphrase() != nil {
		t.Error("it is not what was handed over")
	}
	copied := s
	s.Wipe()
	if copied.Passphrase() != nil {
		t.Error("a copy is left")
	}
	(Secret{}).Wipe()
}
