package tracing

import (
	"context"
	"errors"
	"testing"

	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"mintmark/cashu"
	"mintmark/internal/traceparent"
)

// watching is a signatory that remembers the place in a trace of its last call.
type watching struct {
	parent string
	err    error
}

func (w *watching) BlindSign(ctx context.Context, _ []cashu.BlindedMessage) ([]cashu.BlindSignature, error) {
	w.parent = traceparent.Of(ctx)
	return nil, w.err
}

func (w *watching) VerifyProofs(ctx context.Context, _ []cashu.Proof) error {
	w.parent = traceparent.Of(ctx)
	return w.err
}

func TestACallToTheSignatoryIsInTheTraceOfItsRequest(t *testing.T) {
	t.Parallel()
	kept := tracetest.NewInMemoryExporter()
	tracer, next := with(kept, 1), &watching{err: errors.New("the text of an error")}
	ctx, end := tracer.Request(t.Context())
	_, _ = tracer.Signer(next).BlindSign(ctx, make([]cashu.BlindedMessage, 3))
	end("POST /v1/swap", 503, cashu.CodeUnavailable)
	if err := tracer.provider.ForceFlush(t.Context()); err != nil {
		t.Fatal(err)
	}
	spans := kept.GetSpans()
	if len(spans) != 2 {
		t.Fatalf("there are %d spans", len(spans))
	}
	call, request := spans[0], spans[1]
	if request.Name != "POST /v1/swap" || call.Name != "signatory BlindSign" || call.Parent.SpanID() != request.SpanContext.SpanID() {
		t.Errorf("the spans are %q in %q", call.Name, request.Name)
	}
	if got, want := traceparent.Trace(next.parent), request.SpanContext.TraceID().String(); got != want {
		t.Errorf("the signatory hears of trace %q, want %s", got, want)
	}
	if call.Status.Description != "" || len(call.Events) != 0 {
		t.Errorf("the text of an error is told: %+v", call.Status)
	}
}

func TestWhatIsNotTracedSaysNothingToTheSignatory(t *testing.T) {
	t.Parallel()
	kept := tracetest.NewInMemoryExporter()
	tracer, next := with(kept, 1e-12), &watching{}
	ctx, end := tracer.Request(t.Context())
	_ = tracer.Signer(next).VerifyProofs(ctx, nil)
	end("POST /v1/swap", 200, 0)
	_ = tracer.Signer(next).VerifyProofs(t.Context(), nil) // recovery, for example
	if err := tracer.provider.ForceFlush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(kept.GetSpans()) != 0 || next.parent != "" {
		t.Errorf("%d spans, and the signatory hears %q", len(kept.GetSpans()), next.parent)
	}
}

func BenchmarkARequestThatIsNotTraced(b *testing.B) {
	tracer := with(tracetest.NewInMemoryExporter(), 1e-12)
	for b.Loop() {
		_, end := tracer.Request(b.Context())
		end("POST /v1/swap", 200, 0)
	}
}
