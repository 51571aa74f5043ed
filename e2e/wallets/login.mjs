// A login provider for the end-to-end tests: the certified OpenID Connect provider
// oidc-provider, whose users need no password. Its tokens last as long as the
// arguments say, by client. It prints "ready" when it answers.
import { generateKeyPairSync } from 'node:crypto';
import Provider from 'oidc-provider';

const [port, ...lifetimes] = process.argv.slice(2);
const seconds = Object.fromEntries(lifetimes.map((s) => s.split('=')).map(([client, ttl]) => [client, Number(ttl)]));
const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });

const provider = new Provider(`http://127.0.0.1:${port}`, {
  jwks: { keys: [{ ...key, kid: `key of ${process.pid}`, alg: 'ES256', use: 'sig' }] },
  clients: Object.keys(seconds).map((id) => ({
    client_id: id,
    application_type: 'native',
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
    response_types: ['code'],
    redirect_uris: ['http://localhost:33388/callback'],
    id_token_signed_response_alg: 'ES256',
  })),
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  features: {
    devInteractions: { enabled: true },
    deviceFlow: { enabled: true },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => 'urn:mint',
      useGrantedResource: () => true,
      getResourceServerInfo: (_, __, client) => ({
        scope: 'openid', audience: 'urn:mint', accessTokenFormat: 'jwt',
        accessTokenTTL: seconds[client.clientId], jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
});
provider.listen(Number(port), '127.0.0.1', () => console.log('ready'));
