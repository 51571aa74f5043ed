package server

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"mintmark/cashu"
	"mintmark/keystore"
	"mintmark/keystore/rotation"
	adminpb "mintmark/proto/signatory/admin/v1"
	"mintmark/signatory"
)

const aDay = 24 * time.Hour

func mustRotation(t testing.TB, text string) Policies {
	t.Helper()
	p, err := ParseRotation("rotation.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// stepper is a keystore that rotates in memory, if it is not broken.
type stepper struct {
	mu     sync.Mutex
	facts  []rotation.Keyset
	broken bool
	asked  []time.Time
	signed uint64
	made   int
}

func (s *stepper) Facts() []rotation.Keyset {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.facts)
}

func (s *stepper) setBroken(broken bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = broken
}

// look has a test see what happened, when the rotator is at rest.
func (s *stepper) look(see func()) {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	see()
}

func (s *stepper) Step(_ context.Context, unit cashu.Unit, p rotation.Policy, _ map[cashu.KeysetID]uint64) (rotation.Step, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, time.Now())
	if s.broken {
		return rotation.Step{}, false, errors.New("the disk is full")
	}
	step := rotation.Next(time.Now(), unit, p, s.facts)
	if !step.Due(time.Now()) {
		return step, false, nil
	}
	s.made++
	id, _ := cashu.KeysetIDFromBytes([]byte{0, 0, 0, 0, 0, 0, byte(s.made >> 8), byte(s.made)})
	s.facts[len(s.facts)-1].Active = false
	s.facts = append(s.facts, rotation.Keyset{ID: id, Unit: unit, Active: true, Created: time.Now(), Activated: time.Now()})
	return step, true, nil
}

func (s *stepper) AddSigned(_ context.Context, all []keystore.Signed) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken {
		return errors.New("the disk is full")
	}
	for _, one := range all {
		s.signed += one.Count
	}
	return nil
}

// runRotator runs a rotator in a bubble of simulated time.
func runRotator(t *testing.T, policy string, test func(*stepper, *rotator)) {
	synctest.Test(t, func(t *testing.T) {
		s := &stepper{facts: []rotation.Keyset{{Unit: "sat", Active: true, Created: time.Now(), Activated: time.Now()}}}
		never := make(chan struct{})
		r := &rotator{
			source: s, policies: mustRotation(t, policy), tally: newTally(), clock: time.Now,
			log: slog.New(slog.DiscardHandler), changed: func() <-chan struct{} { return never }, tick: time.Hour,
			replaced: make(chan struct{}, 1),
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			r.run(ctx)
		}()
		test(s, r)
		cancel()
		<-done
	})
}

func TestAThousandDaysOfTheRunner(t *testing.T) {
	t.Parallel()
	runRotator(t, "[[rotation]]\nunit = \"sat\"\nmax_age = \"30d\"\n", func(s *stepper, _ *rotator) {
		began := time.Now()
		time.Sleep(1000*aDay + time.Minute)
		s.look(func() {
			if s.made != 33 || len(s.asked) > 2*33 {
				t.Errorf("%d keysets were made, %d times the database was asked", s.made, len(s.asked))
			}
			if at := s.facts[1].Activated.Sub(began); at != 30*aDay {
				t.Errorf("the first rotation came after %s", at)
			}
		})
	})
}

func TestADatabaseThatFailsIsAskedAgainWithoutAStorm(t *testing.T) {
	t.Parallel()
	runRotator(t, "[[rotation]]\nunit = \"sat\"\nmax_age = \"30d\"\n", func(s *stepper, _ *rotator) {
		s.setBroken(true)
		time.Sleep(31 * aDay)
		s.look(func() {
			if n := len(s.asked); n < 100 || n > 160 { // a day of attempts every ten minutes
				t.Errorf("the database was asked %d times in a day", n)
			}
		})
		s.setBroken(false)
		time.Sleep(maxRetry)
		s.look(func() {
			if s.made != 1 {
				t.Errorf("%d keysets when the database is back", s.made)
			}
		})
	})
}

func TestAPolicyThatIsPutInForceLaterCountsAtOnce(t *testing.T) {
	t.Parallel()
	runRotator(t, "[[rotation]]\nunit = \"sat\"\nmax_age = \"300d\"\n", func(s *stepper, r *rotator) {
		time.Sleep(40*aDay + time.Minute) // between two looks
		began := time.Now()
		r.replace(mustRotation(t, "[[rotation]]\nunit = \"sat\"\nmax_age = \"30d\"\n"))
		s.look(func() {
			if s.made != 1 || !s.asked[len(s.asked)-1].Equal(began) {
				t.Errorf("%d keysets were made by the new policy", s.made)
			}
		})
		r.replace(Policies{})
		time.Sleep(1000 * aDay)
		s.look(func() {
			if s.made != 1 {
				t.Errorf("%d keysets were made without any policy", s.made)
			}
		})
	})
}

func TestSignaturesAreWrittenDownAtIntervalsAndAtTheEnd(t *testing.T) {
	t.Parallel()
	var after *stepper
	runRotator(t, "[[rotation]]\nunit = \"sat\"\nmax_age = \"30d\"\n", func(s *stepper, r *rotator) {
		k := keyset(t, 0, 0)
		use := func(n int) {
			messages := make([]cashu.BlindedMessage, n)
			for i := range messages {
				messages[i] = cashu.BlindedMessage{Amount: 8, ID: k.ID}
			}
			all, err := spends(messages, []cashu.Keyset{k})
			if err != nil {
				t.Fatal(err)
			}
			r.tally.add("m", all)
		}
		use(3)
		s.setBroken(true)
		time.Sleep(time.Hour + time.Minute)
		s.look(func() {
			if s.signed != 0 || r.tally.pending()[k.ID] != 3 {
				t.Errorf("a failed write: %d are written, %d wait", s.signed, r.tally.pending()[k.ID])
			}
		})
		s.setBroken(false)
		time.Sleep(2 * time.Hour)
		s.look(func() {
			if s.signed != 3 || r.tally.pending()[k.ID] != 0 {
				t.Errorf("%d are written, %d wait", s.signed, r.tally.pending()[k.ID])
			}
		})
		use(2)
		after = s
	})
	if after.signed != 5 {
		t.Errorf("%d are written at the end, want 5", after.signed)
	}
}

func adminOf(t *testing.T, socket string) adminpb.AdminServiceClient {
	t.Helper()
	conn, err := grpc.NewClient("passthrough:///unix:"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return adminpb.NewAdminServiceClient(conn)
}

// Over a real connection: a keyset by its number of signatures, published before it
// signs, and both of them with the wallets.
func TestAServerRotatesByItselfAndShowsTheOverlap(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "k.db")
	ks := storedKeystore(t, file, true, nil)
	first := rotate(t, ks, 0)
	sockets := []string{socketPath(t), socketPath(t)}
	policies := Policies{"sat": {MaxSignatures: 10, Announce: 3 * time.Second, MinInterval: time.Nanosecond, ExpireAfter: time.Hour, BeforeExpiry: time.Minute}}
	r := serve(t, Config{
		Keystore: ks, Records: ks, Lifecycle: ks, Stepper: ks, Rotation: policies,
		Listen: "unix:" + sockets[0], AdminListen: "unix:" + sockets[1],
	})
	c := dial(t, signatory.ClientConfig{Address: "unix:" + sockets[0]})
	sign := func(k cashu.Keyset, n int) error {
		messages, _ := order(t, k, 1, n)
		_, err := c.BlindSign(t.Context(), messages)
		return err
	}
	if err := sign(first, 10); err != nil {
		t.Fatal(err)
	}
	// Whatever changes wakes the rotator; it would look in five minutes anyway.
	if _, err := ks.Prepare(t.Context(), keystore.RotateParams{Unit: "usd", Amounts: []cashu.Amount{1, 2}}); err != nil {
		t.Fatal(err)
	}
	var second cashu.Keyset
	eventually(t, "a second keyset of sat is published, and does not sign", func() bool {
		s, err := c.Keysets(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		active := 0
		for _, k := range s.Keysets {
			if k.Unit == "sat" && k.Active {
				active++
			}
			if k.Unit == "sat" && k.ID != first.ID {
				second = k
			}
		}
		if active != 1 {
			t.Fatalf("%d keysets of sat are active", active)
		}
		return !second.ID.IsZero() && !second.Active
	})
	if err := sign(first, 1); err != nil {
		t.Errorf("the first keyset, while the second is announced: %v", err)
	}
	status, err := adminOf(t, sockets[1]).Status(t.Context(), &adminpb.StatusRequest{})
	if err != nil || len(status.GetRotations()) != 2 {
		t.Fatalf("%v, %v", status, err)
	}
	if next := status.GetRotations()[0]; next.GetUnit() != "sat" || next.GetAction() != "activate" || !strings.Contains(next.GetPolicy(), "after 10 signatures") {
		t.Errorf("%v", next)
	}
	if k := status.GetKeysets()[0]; k.GetSignatures() != 11 {
		t.Errorf("the first keyset has made %d signatures", k.GetSignatures())
	}
	eventually(t, "the second keyset signs and the first does not", func() bool {
		return sign(second, 1) == nil && errors.Is(sign(first, 1), cashu.ErrKeysetInactive)
	})
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	if got := kinds(t, file); got[keystore.AuditSigned] == 0 || got[keystore.AuditPrepare] != 2 || got[keystore.AuditActivate] != 1 {
		t.Errorf("the audit log has %v", got)
	}
}

func TestTheOperatorSchedulesAnActivation(t *testing.T) {
	t.Parallel()
	ks := realKeystore(t, nil)
	sockets := []string{socketPath(t), socketPath(t)}
	serve(t, Config{
		Keystore: ks, Records: ks, Lifecycle: ks, Stepper: ks, Listen: "unix:" + sockets[0], AdminListen: "unix:" + sockets[1],
	})
	admin := adminOf(t, sockets[1])
	prepared, err := admin.PrepareKeyset(t.Context(), &adminpb.PrepareKeysetRequest{Unit: "sat"})
	if err != nil {
		t.Fatal(err)
	}
	id := prepared.GetKeyset().GetId()
	at := time.Now().Add(time.Hour).Unix()
	got, err := admin.ActivateKeyset(t.Context(), &adminpb.ActivateKeysetRequest{Id: id, At: at})
	if err != nil || got.GetKeyset().GetStage() != adminpb.Stage_STAGE_PREPARED || got.GetKeyset().GetActivateAt() != at {
		t.Fatalf("%v, %v", got, err)
	}
	at = time.Now().Add(2 * time.Second).Unix()
	if _, err := admin.ActivateKeyset(t.Context(), &adminpb.ActivateKeysetRequest{Id: id, At: at}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the keyset is active", func() bool { return ks.Lives()[1].Stage == keystore.StageActive })
	if now := time.Now().Unix(); now < at {
		t.Errorf("active at %d, wanted at %d", now, at)
	}
}

func TestARotationFileThatMakesNoSenseIsExplained(t *testing.T) {
	t.Parallel()
	const good = "[[rotation]]\nunit = \"sat\"\nmax_age = \"30d\"\n"
	for name, test := range map[string]struct{ text, want string }{
		"nothing":           {"", "nothing would rotate"},
		"an unknown key":    {good + "age = 1\n", "rotation.toml:4: unknown key rotation.age"},
		"no unit":           {"[[rotation]]\nmax_age = \"30d\"\n", `rotation 1 ("")`},
		"a unit twice":      {good + good, "the unit is there twice"},
		"no reason":         {"[[rotation]]\nunit = \"sat\"\n", "there is no reason to rotate"},
		"half a day":        {"[[rotation]]\nunit = \"sat\"\nmax_age = \"0.5d\"\n", `max_age: "0.5d" is no duration like 30d or 36h`},
		"a negative one":    {"[[rotation]]\nunit = \"sat\"\nmax_age = \"-30h\"\n", "max_age is -30h"},
		"a policy of nuts":  {good + "expire_after = \"20d\"\n", "a keyset would expire before another one takes over"},
		"a number for text": {"[[rotation]]\nunit = \"sat\"\nmax_age = 30\n", "rotation.toml:3: "},
	} {
		if _, err := ParseRotation("rotation.toml", []byte(test.text)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
	path := filepath.Join(t.TempDir(), "r.toml")
	if err := os.WriteFile(path, []byte(good), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := ReadRotation(path)
	if err != nil || p.Describe() != "sat rotates after 30d; at least 1d apart, at most 6 in 30 days\n" {
		t.Errorf("%v, %q", err, p.Describe())
	}
	if err := os.Chmod(path, 0o622); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadRotation(path); err == nil || !strings.Contains(err.Error(), "chmod go-w") {
		t.Errorf("a file that others can change: %v", err)
	}
}
