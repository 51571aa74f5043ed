// Package tracing tells an OpenTelemetry collector how requests of wallets walk
// through the mint and on to its signatory (docs/adr/0011-traces.md).
//
// It trusts the collector with what anybody could learn who watches the mint's
// clock: which routes are asked, when, how long they take and how they end. It must
// never tell it who asked or for what: no address, no path, no quote, no id that a
// wallet chose, no error text. It must never make a request wait.
package tracing

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"mintmark/cashu"
	"mintmark/internal/traceparent"
	"mintmark/mint"
)

// Config says where traces go.
type Config struct {
	// Endpoint is the URL of the collector, OTLP over HTTP, such as
	// http://127.0.0.1:4318/v1/traces.
	Endpoint string
	// Share of the requests that are traced, more than 0 and at most 1.
	Share float64
}

// CheckEndpoint tells whether the text is a URL that traces can go to.
func CheckEndpoint(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return errors.New("is not a URL of http or https without a password")
	}
	return nil
}

// Tracer makes spans. It is safe for concurrent use.
type Tracer struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
}

// Open begins to trace. It does not wait for the collector, and one that is away
// costs nothing but the traces.
func Open(ctx context.Context, cfg Config) (*Tracer, error) {
	if err := CheckEndpoint(cfg.Endpoint); err != nil {
		return nil, fmt.Errorf("traces: endpoint %w", err)
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(cfg.Endpoint), otlptracehttp.WithTimeout(5*time.Second))
	if err != nil {
		return nil, fmt.Errorf("traces: %w", err)
	}
	return with(exporter, cfg.Share), nil
}

// with is a Tracer for any exporter. The batches of the library drop spans when the
// collector is slow; nobody waits.
func with(exporter sdk.SpanExporter, share float64) *Tracer {
	provider := sdk.NewTracerProvider(
		sdk.WithBatcher(exporter),
		sdk.WithSampler(sdk.TraceIDRatioBased(share)),
		sdk.WithResource(resource.NewSchemaless(
			attribute.String("service.name", "mintd"), attribute.String("service.version", mint.Version))),
	)
	return &Tracer{provider: provider, tracer: provider.Tracer("mintmark/mint")}
}

// Close sends what is left, for a few seconds at most.
func (t *Tracer) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = t.provider.Shutdown(ctx) // a collector that is away is not our failure
	return nil
}

// Request begins the span of a request of a wallet, which is always the first of its
// trace: what a stranger says of traces is not believed. end is told how it ended.
func (t *Tracer) Request(ctx context.Context) (inside context.Context, end func(route string, status int, code cashu.Code)) {
	ctx, span := t.tracer.Start(ctx, "request", trace.WithSpanKind(trace.SpanKindServer), trace.WithNewRoot())
	if !span.IsRecording() {
		return ctx, func(string, int, cashu.Code) { span.End() }
	}
	return carrying(ctx), func(route string, status int, code cashu.Code) {
		if verb, path, found := strings.Cut(route, " "); found {
			span.SetName(route)
			span.SetAttributes(attribute.String("http.request.method", verb), attribute.String("http.route", path))
		} else { // a pattern without a verb: the wallet's own is a stranger's word
			span.SetAttributes(attribute.String("http.route", route))
		}
		span.SetAttributes(attribute.Int("http.response.status_code", status))
		if code != 0 {
			span.SetAttributes(attribute.Int("mintmark.code", int(code)))
		}
		if status >= 500 {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}

// carrying lets ctx say to the signatory in which span it is.
func carrying(ctx context.Context) context.Context {
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return traceparent.With(ctx, carrier[traceparent.Header])
}

// Signer makes a span of every call to a signatory.
func (t *Tracer) Signer(next mint.Signer) mint.Signer { return signer{next, t} }

type signer struct {
	next mint.Signer
	t    *Tracer
}

func (s signer) BlindSign(ctx context.Context, messages []cashu.BlindedMessage) ([]cashu.BlindSignature, error) {
	ctx, end := s.t.call(ctx, "BlindSign", len(messages))
	sigs, err := s.next.BlindSign(ctx, messages)
	end(err)
	return sigs, err
}

func (s signer) VerifyProofs(ctx context.Context, proofs []cashu.Proof) error {
	ctx, end := s.t.call(ctx, "VerifyProofs", len(proofs))
	err := s.next.VerifyProofs(ctx, proofs)
	end(err)
	return err
}

// call begins the span of a call, within that of a request. What nobody asked for,
// such as recovery, is not traced.
func (t *Tracer) call(ctx context.Context, method string, items int) (context.Context, func(error)) {
	if !trace.SpanFromContext(ctx).IsRecording() {
		return ctx, func(error) {}
	}
	ctx, span := t.tracer.Start(ctx, "signatory "+method, trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(attribute.Int("mintmark.items", items)))
	return carrying(ctx), func(err error) {
		if refusal, ok := errors.AsType[*cashu.Error](err); ok {
			span.SetAttributes(attribute.Int("mintmark.code", int(refusal.Code)))
		}
		if err != nil {
			span.SetStatus(codes.Error, "") // the text may say more than we do
		}
		span.End()
	}
}
