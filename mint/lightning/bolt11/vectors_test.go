package bolt11

import (
	"encoding/hex"
	"testing"
)

// The examples of BOLT 11. All are signed with one key; their signatures are
// deterministic.
const (
	exampleKey    = "e126f68f7eafcc8b74f54d269fe206be715000f94dac067d1c04a8ca3b2db734"
	examplePayee  = "03e7156ae33b0a208d0744199163177e909e80176e55d97a2f221ede0f934dd9ad"
	exampleHash   = "0001020304050607080900010203040506070809000102030405060708090102"
	exampleSecret = "1111111111111111111111111111111111111111111111111111111111111111"
	exampleTime   = 1496314658
	cakeHash      = "3925b6f67e2c340036ed12093dd44e0368df1b6ea26c53dbe4811f58fd5db8c1"
)

// Pieces that the examples repeat.
const (
	exSecret = "sp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygs"
	exHash   = "pp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypq"
	exCake   = "hp58yjmdan79s6qqdhdzgynm4zwqd5d7xmw5fk98klysy043l2ahrqs"
	exCoffee = "dq5xysxxatsyp3k7enxv4js"
	exBeans  = "dq5vdhkven9v5sxyetpdees"
	exPlease = "dpl2pkx2ctnv5sxxmmwwd5kgetjypeh2ursdae8g6twvus8g6rfwvs8qun0dfjkxaq"
	exSense  = "dpquwpc4curk03c9wlrswe78q4eyqc7d8d0"
	exRoute  = "r9yq20q82gphp2nflc7jtzrcazrra7wwgzxqc8u7754cdlpfrmccae92qgzqvzq2ps8pqqqqqqpqqqqq9qqqvpeuqafqxu92d8lr6fvg0r5gv0heeeqgcrqlnm6jhphu9y00rrhy4grqszsvpcgpy9qqqqqqgqqqqq7qqzq"
)

// Examples that Encode can write byte for byte.
const (
	exampleDonation = "lnbc1pvjluez" + exSecret + exHash + exPlease + "9qrsgq" +
		"357wnc5r2ueh7ck6q93dj32dlqnls087fxdwk8qakdyafkq3yap9us6v52vjjsrvywa6rt52cm9r9zqt8r2t7mlcwspyetp5h2tztugp" + "9lfyql"
	exampleCoffee = "lnbc2500u1pvjluez" + exSecret + exHash + exCoffee + "xqzpu" + "9qrsgq" +
		"uk0rl77nj30yxdy8j9vdx85fkpmdla2087ne0xh8nhedh8w27kyke0lp53ut353s06fv3qfegext0eh0ymjpf39tuven09sam30g4vgp" + "fna3rh"
	exampleNonsense = "lnbc2500u1pvjluez" + exSecret + exHash + exSense + "xqzpu" + "9qrsgq" +
		"htjpauu9ur7fw2thcl4y9vfvh4m9wlfyz2gem29g5ghe2aak2pm3ps8fdhtceqsaagty2vph7utlgj48u0ged6a337aewvraedendscp" + "573dxr"
	exampleList = "lnbc20m1pvjluez" + exSecret + exHash + exCake + "9qrsgq" +
		"7ea976txfraylvgzuxs8kgcw23ezlrszfnh8r6qtfpr6cxga50aj6txm9rxrydzd06dfeawfk6swupvz4erwnyutnjq7x39ymw6j38gp" + "7ynn44"
)

// Examples with fields that Decode skips, or in another order.
const (
	exampleTestnet = "lntb20m1pvjluez" + exSecret + exCake + exHash + "fpp3x9et2e20v6pu37c5d9vax37wxq72un98" + "9qrsgq" +
		"dj545axuxtnfemtpwkc45hx9d2ft7x04mt8q7y6t0k2dge9e7h8kpy9p34ytyslj3yu569aalz2xdk8xkd7ltxqld94u8h2esmsmacgp" + "ghe9k8"
	exampleRoute = "lnbc20m1pvjluez" + exSecret + exHash + exCake + "fpp3qjmp7lwpagxun9pygexvgpjdc4jdj85f" + exRoute + "9qrsgq" +
		"dfjcdk6w3ak5pca9hwfwfh63zrrz06wwfya0ydlzpgzxkn5xagsqz7x9j4jwe7yj7vaf2k9lqsdk45kts2fd0fkr28am0u4w95tt2nsq" + "76cqw0"
	exampleP2SH = "lnbc20m1pvjluez" + exSecret + exCake + exHash + "fppj3a24vwu6r8ejrss3axul8rxldph2q7z9" + "9qrsgq" +
		"z6qsgww34xlatfj6e3sngrwfy3ytkt29d2qttr8qz2mnedfqysuqypgqex4haa2h8fx3wnypranf3pdwyluftwe680jjcfp438u82xqp" + "hf75ym"
	exampleP2WPKH = "lnbc20m1pvjluez" + exSecret + exCake + exHash + "fppqw508d6qejxtdg4y5r3zarvary0c5xw7k" + "9qrsgq" +
		"t29a0wturnys2hhxpner2e3plp6jyj8qx7548zr2z7ptgjjc7hljm98xhjym0dg52sdrvqamxdezkmqg4gdrvwwnf0kv2jdfnl4xatsq" + "mrnsse"
	exampleP2WSH = "lnbc20m1pvjluez" + exSecret + exCake + exHash + "fp4qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q" + "9qrsgq" +
		"9vlvyj8cqvq6ggvpwd53jncp9nwc47xlrsnenq2zp70fq83qlgesn4u3uyf4tesfkkwwfg3qs54qe426hp3tz7z6sweqdjg05axsrjqp" + "9yrrwc"
	examplePico = "lnbc9678785340p1pwmna7lpp5gc3xfm08u9qy06djf8dfflhugl6p7lgza6dsjxq454gxhj9t7a0sd8dgfkx7cmtwd68yetpd5s9xar0wfjn5gpc8qhrsdfq24f5ggrxdaezqsnvda3kkum5wfjkzmfqf3jkgem9wgsyuctwdus9xgrcyqcjcgpzgfskx6eqf9hzqnteypzxz7fzypfhg6trddjhygrcyqezcgpzfysywmm5ypxxjemgw3hxjmn8yptk7untd9hxwg3q2d6xjcmtv4ezq7pqxgsxzmnyyqcjqmt0wfjjq6t5v4khx" +
		exSecret + "xqyjw5qcqp2rzjq0gxwkzc8w6323m55m4jyxcjwmy7stt9hwkwe2qxmy8zpsgg7jcuwz87fcqqeuqqqyqqqqlgqqqqn3qq9q9qrsgq" +
		"rvgkpnmps664wgkp43l22qsgdw4ve24aca4nymnxddlnp8vh9v2sdxlu5ywdxefsfvm0fq3sesf08uf6q9a2ke0hc9j6z6wlxg5z5kqp" + "u2v9wz"
	exampleBeans = "lnbc25m1pvjluez" + exHash + exBeans + exSecret + "9q5sqqqqqqqqqqqqqqqqsgq" +
		"2a25dxl5hrntdtn6zvydt7d66hyzsyhqs4wdynavys42xgl6sgx9c4g7me86a27t07mdtfry458rtjr0v92cnmswpsjscgt2vcse3sgp" + "z3uapa"
	exampleIgnored = "lnbc25m1pvjluez" + exHash + exBeans + exSecret + "9q5sqqqqqqqqqqqqqqqqsgq" + "2qrqqq" +
		"fppnqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq" +
		"ppnqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq" +
		"pp4qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq" +
		"hpnqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq" +
		"hp4qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq" +
		"spnqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq" +
		"sp4qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq" +
		"np5qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq" +
		"npkqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq" +
		"z599y53s3ujmcfjp5xrdap68qxymkqphwsexhmhr8wdz5usdzkzrse33chw6dlp3jhuhge9ley7j2ayx36kawe7kmgg8sv5ugdyusdcq" + "zn8z9x"
	exampleMetadata = "lnbc10m1pvjluez" + exHash + "dp9wpshjmt9de6zqmt9w3skgct5vysxjmnnd9jx2" + "mq8q8a04uq" + exSecret + "9q2gqqqqqqsgq" +
		"7hf8he7ecf7n4ffphs6awl9t6676rrclv9ckg3d3ncn7fct63p6s365duk5wrk202cfy3aj5xnnp5gs3vrdvruverwwq7yzhkf5a3xqp" + "d05wjc"
	exampleHighS = "lnbc1pvjluez" + exSecret + exHash + exPlease + "9qrsgq" +
		"357wnc5r2ueh7ck6q93dj32dlqnls087fxdwk8qakdyafkq3yap2r09nt4ndd0unm3z9u5t48y6ucv4r5sg7lk98c77ctvjczkspk5qp" + "rc90gx"
)

// Examples that a reader must refuse.
const (
	badFeature = "lnbc25m1pvjluez" + exHash + exBeans + exSecret + "9q4psqqqqqqqqqqqqqqqqsgq" +
		"tqyx5vggfcsll4wu246hz02kp85x4katwsk9639we5n5yngc3yhqkm35jnjw4len8vrnqnf5ejh0mzj9n3vz2px97evektfm2l6wqccp" + "3y7372"
	badChecksum = "lnbc2500u1pvjluez" + exHash + exSense + "xqzpuyk0sg5g70me25alkluzd2x62aysf2pyy8edtjeevuv4p2d5p76r4zkmneet7uvyakky2zr4cusd45tftc9c5fh0nnqpnl2jfll544esqchsrnt"
	badPrefix   = "pvjluez" + exHash + exSense + "xqzpuyk0sg5g70me25alkluzd2x62aysf2pyy8edtjeevuv4p2d5p76r4zkmneet7uvyakky2zr4cusd45tftc9c5fh0nnqpnl2jfll544esqchsrny"
	badCase     = "LNBC2500u1pvjluez" + exHash + exSense + "xqzpuyk0sg5g70me25alkluzd2x62aysf2pyy8edtjeevuv4p2d5p76r4zkmneet7uvyakky2zr4cusd45tftc9c5fh0nnqpnl2jfll544esqchsrny"
	badRecovery = "lnbc2500u1pvjluez" + exHash + exCoffee + "xqzpu" + exSecret + "9qrsgq" +
		"wgt7mcn5yqw3yx0w94pswkpq6j9uh6xfqqqtsk4tnarugeektd4hg5975x9am52rz4qskukxdmjemg92vvqz8nvmsye63r5ykel43pgz" + "7zq0g2"
	badShort      = "lnbc1pvjluez" + exHash + "dpl2pkx2ctnv5sxxmmwwd5kgetjypeh2ursdae8g6na6hlh"
	badMultiplier = "lnbc2500x1pvjluez" + exHash + exCoffee + "xqzpu" + exSecret + "9qrsgq" +
		"rrzc4cvfue4zp3hggxp47ag7xnrlr8vgcmkjxk3j5jqethnumgkpqp23z9jclu3v0a7e0aruz366e9wqdykw6dxhdzcjjhldxq0w6wgq" + "cnu43j"
	badPrecision = "lnbc2500000001p1pvjluez" + exHash + exCoffee + "xqzpu" + exSecret + "9qrsgq" +
		"0lzc236j96a95uv0m3umg28gclm5lqxtqqwk32uuk4k6673k6n5kfvx3d2h8s295fad45fdhmusm8sjudfhlf6dcsxmfvkeywmjdkxcp" + "99202x"
	badNoSecret = "lnbc20m1pvjluez" + exHash + exCake + "9qrsgq" +
		"7ea976txfraylvgzuxs8kgcw23ezlrszfnh8r6qtfpr6cxga50aj6txm9rxrydzd06dfeawfk6swupvz4erwnyutnjq7x39ymw6j38gp" + "49qdkj"
)

func key(t testing.TB, s string) Key {
	t.Helper()
	k, err := ParseKey(unhex(t, s))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func hash(t testing.TB, s string) [32]byte {
	t.Helper()
	return [32]byte(unhex(t, s))
}
