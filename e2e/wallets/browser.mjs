// What a browser and its user do at the login provider: follow, keep cookies, say a
// name, agree. Returns the code that the wallet's callback would be called with.
export async function authorize(url, user, callback) {
  const cookies = new Map();
  let request = { url, init: {} };
  for (let step = 0; step < 20; step++) {
    const headers = { ...request.init.headers, cookie: [...cookies].map(([k, v]) => `${k}=${v}`).join('; ') };
    const answer = await fetch(request.url, { ...request.init, headers, redirect: 'manual' });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = line.match(/^([^=]+)=([^;]*)/);
      cookies.set(name, value);
    }
    const location = answer.headers.get('location');
    if (location !== null) {
      const next = new URL(location, request.url);
      if (next.href.startsWith(callback)) {
        return next.searchParams.get('code');
      }
      request = { url: next.href, init: {} };
      continue;
    }
    const page = await answer.text();
    const action = page.match(/<form[^>]*action="([^"]+)"/)?.[1];
    const prompt = page.match(/name="prompt" value="([^"]+)"/)?.[1];
    if (action === undefined || prompt === undefined) {
      throw new Error(`the login provider shows no form: ${answer.status}`);
    }
    const form = prompt === 'login' ? { prompt, login: user, password: 'any' } : { prompt };
    request = {
      url: new URL(action, request.url).href,
      init: { method: 'POST', body: new URLSearchParams(form).toString(), headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    };
  }
  throw new Error('the login has no end');
}
