package keystore

// wipe overwrites every secret that the keystore holds: the root of the keysets,
// the private keys, the key of the audit log. Copies that the collector or a
// library made on the way here are beyond its reach.
func (ks *Keystore) wipe() {
	ks.root.Wipe()
	clear(ks.auditKey)
	now := ks.current.Load()
	if now == nil {
		return
	}
	for _, k := range now.byID {
		for _, key := range k.keys {
			key.Wipe()
		}
	}
}
