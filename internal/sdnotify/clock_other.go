//go:build !linux

package sdnotify

import "time"

// monotonic is the clock by which the service manager orders reloads: there is no
// such manager here.
func monotonic() time.Duration { return 0 }
