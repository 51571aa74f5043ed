package httpapi

import "net/http"

// allowOrigins lets web pages of any origin use the mint: wallets run in
// browsers, and the mint has no cookies that a page could abuse. It answers
// OPTIONS itself and says so.
func allowOrigins(w http.ResponseWriter, r *http.Request) (done bool) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "ETag, Retry-After, X-Request-Id")
	if r.Method != http.MethodOptions {
		return false
	}
	h.Set("Access-Control-Allow-Methods", "GET, POST, OPTIONS")
	// The star covers what wallets add of their own; the names are for browsers
	// that do not know the star.
	h.Set("Access-Control-Allow-Headers", "Content-Type, Clear-auth, Blind-auth, Prefer, If-None-Match, X-Request-Id, *")
	h.Set("Access-Control-Max-Age", "86400")
	w.WriteHeader(http.StatusNoContent)
	return true
}
