package processor

import (
	"context"
	"time"
)

const (
	// tidyEvery is how often it is looked for requests that can be forgotten.
	tidyEvery = time.Hour
	// tidyBatch is how many go in one transaction, and tidyPause is between two.
	tidyBatch = 200
	tidyPause = 100 * time.Millisecond
)

// tidy forgets requests that nobody can pay any more, until ctx ends.
func (b *Backend) tidy(ctx context.Context) {
	for total := 0; ; {
		n, err := b.journal.Forget(ctx, b.journal.Now().Add(-b.cfg.Keep), tidyBatch)
		if err != nil && ctx.Err() == nil {
			b.log.Warn("could not forget requests that nobody can pay any more", "error", err)
		}
		pause := tidyPause
		if total += n; err != nil || n < tidyBatch {
			pause = tidyEvery
			if total > 0 {
				b.log.Info("forgot requests that nobody can pay any more", "requests", total)
			}
			total = 0
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}
