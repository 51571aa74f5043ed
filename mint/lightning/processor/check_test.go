package processor_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"mintmark/cashu"
	"mintmark/e2e/harness"
	"mintmark/mint/lightning"
	"mintmark/mint/lightning/processor"
	pb "mintmark/proto/cdk_payment_processor"
)

func found(t *testing.T, c processor.Config, use processor.Use) string {
	t.Helper()
	c.Logger = quiet
	list, err := processor.Check(t.Context(), c, use)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, f := range list {
		text.WriteString(map[lightning.Severity]string{lightning.Fine: "fine: ", lightning.Doubtful: "doubtful: ", lightning.Broken: "broken: "}[f.Severity] + f.Text + "\n")
	}
	return text.String()
}

func TestACheckOfAGoodProcessorFindsNothing(t *testing.T) {
	t.Parallel()
	dir := certificates(t)
	p := harness.StartProcessor(t, program, t.TempDir(), "-tls", dir)
	text := found(t, processor.Config{Address: p.Address, TLSDir: dir}, processor.Use{Methods: []string{"bolt11"}, Units: []cashu.Unit{"sat"}})
	if strings.Contains(text, "broken") || strings.Contains(text, "doubtful") {
		t.Error(text)
	}
	for _, part := range []string{"answers at " + p.Address, "client.pem is good until", "processor's certificate is good until", "sat by bolt11", "knows none"} {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in\n%s", part, text)
		}
	}
	for name, c := range map[string]struct {
		config processor.Config
		want   string
	}{
		"another authority":       {processor.Config{Address: p.Address, TLSDir: certificates(t)}, "broken: no safe connection"},
		"no TLS":                  {processor.Config{Address: p.Address, Insecure: true}, "doubtful: insecure is said"},
		"no directory":            {processor.Config{Address: p.Address, TLSDir: t.TempDir()}, "broken: "},
		"nobody there":            {processor.Config{Address: "127.0.0.1:1", TLSDir: dir}, "broken: it cannot be reached"},
		"a certificate that ends": {processor.Config{Address: p.Address, TLSDir: dir, Clock: func() time.Time { return time.Now().AddDate(0, 0, 364) }}, "ends on"},
	} {
		if text := found(t, c.config, processor.Use{}); !strings.Contains(text, c.want) {
			t.Errorf("%s: %s", name, text)
		}
	}
}

func TestACheckSaysWhatAProcessorDoesWrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*script)
		use    processor.Use
		want   string
	}{
		"another method":            {func(*script) {}, processor.Use{Methods: []string{"pigeon"}}, "broken: the configuration uses it for method pigeon"},
		"another unit":              {func(*script) {}, processor.Use{Units: []cashu.Unit{"usd"}}, "broken: the configuration uses it for unit usd"},
		"a unit that is none":       {func(s *script) { s.settings.Unit = "" }, processor.Use{}, "broken: what it can do cannot be used"},
		"no method":                 {func(s *script) { s.settings = &pb.SettingsResponse{Unit: "sat"} }, processor.Use{}, "broken: it has no method"},
		"what never was has failed": {func(s *script) { s.says(pb.QuoteState_QUOTE_STATE_FAILED, nil) }, processor.Use{}, "broken: asked for a payment that never was"},
		"what never was is paid":    {func(s *script) { s.says(pb.QuoteState_QUOTE_STATE_PAID, sat(1)) }, processor.Use{}, "broken: asked for a payment that never was"},
		"what never was is unpaid":  {func(s *script) { s.says(pb.QuoteState_QUOTE_STATE_UNPAID, nil) }, processor.Use{}, "doubtful: asked for a payment that never was"},
		"what never was is an error": {func(s *script) {
			s.out = func(*pb.PaymentIdentifier) (*pb.MakePaymentResponse, error) {
				return nil, status.Error(codes.NotFound, "no")
			}
		}, processor.Use{}, "doubtful: asked for a payment that never was"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScript(t)
			c.change(s)
			text := found(t, processor.Config{Dialer: func(ctx context.Context) (net.Conn, error) { return s.listener.DialContext(ctx) }}, c.use)
			if !strings.Contains(text, c.want) || len(s.ordered()) != 0 {
				t.Errorf("it finds %s", text)
			}
			if len(s.streams) != 0 {
				t.Error("it listened, and what it was told the running mint was not")
			}
		})
	}
}
