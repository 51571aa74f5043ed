package server

import (
	"context"
	"time"

	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	pb "mintmark/proto/signatory"
	adminpb "mintmark/proto/signatory/admin/v1"
)

// healthState keeps grpc.health.v1 true. The empty service is the process: it
// serves from the start to the beginning of the end, except while it is locked. The
// service signatory.Signatory serves as long as some keyset can sign and signing is
// not frozen altogether, nor the keystore stale; the one of the admin socket as long
// as it is open.
type healthState struct {
	server   *health.Server
	keystore Keystore
	frozen   *frozen
	vault    *vault
	clock    func() time.Time
}

func newHealth(ks Keystore, frozen *frozen, vault *vault, clock func() time.Time) *healthState {
	h := &healthState{server: health.NewServer(), keystore: ks, frozen: frozen, vault: vault, clock: clock}
	h.server.SetServingStatus(adminpb.AdminService_ServiceDesc.ServiceName, healthpb.HealthCheckResponse_SERVING)
	h.update()
	return h
}

// healthInterval is how often it is looked whether the keystore still knows what
// others have changed.
const healthInterval = time.Second

// run follows the keysets until ctx ends.
func (h *healthState) run(ctx context.Context) {
	tick := time.NewTicker(healthInterval)
	defer tick.Stop()
	for {
		changed := h.keystore.Changed() // before update reads, or a change could be missed
		expiry := h.update()
		var timer *time.Timer
		var expired <-chan time.Time
		if expiry > 0 {
			timer = time.NewTimer(expiry)
			expired = timer.C
		}
		select {
		case <-ctx.Done():
		case <-changed:
		case <-expired:
		case <-tick.C:
		}
		if timer != nil {
			timer.Stop()
		}
		if ctx.Err() != nil {
			return
		}
	}
}

// update sets the status and returns the time until it changes by itself; 0 if it
// does not.
func (h *healthState) update() time.Duration {
	if h.vault.locked() {
		for _, service := range []string{"", pb.Signatory_ServiceDesc.ServiceName} {
			h.server.SetServingStatus(service, healthpb.HealthCheckResponse_NOT_SERVING)
		}
		return 0
	}
	h.server.SetServingStatus("", healthpb.HealthCheckResponse_SERVING)
	now := h.clock()
	var last uint64 // when the last of the keysets that sign today expires
	status := healthpb.HealthCheckResponse_NOT_SERVING
	for _, k := range h.keystore.Keysets().Keysets {
		if !k.Active || k.ExpiredForOutputs(now) {
			continue
		}
		status = healthpb.HealthCheckResponse_SERVING
		if k.FinalExpiry == 0 {
			last = 0
			break
		}
		last = max(last, k.FinalExpiry)
	}
	if h.frozen.everything() || h.keystore.Stale() != nil {
		status = healthpb.HealthCheckResponse_NOT_SERVING
	}
	h.server.SetServingStatus(pb.Signatory_ServiceDesc.ServiceName, status)
	if last == 0 {
		return 0
	}
	return max(time.Unix(int64(last), 0).Sub(now), time.Second)
}
