// Who is asking: the bearer token, which this tab alone keeps and forgets when it is closed.

const KEY = 'millhand.token';

let token = sessionStorage.getItem(KEY);

/** The claims of the token as it says them; the server is the one who checks. */
function claims() {
    try {
        const part = token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/');
        const bytes = Uint8Array.from(atob(part), (char) => char.charCodeAt(0));
        return JSON.parse(new TextDecoder().decode(bytes));
    } catch {
        return {};
    }
}

export function currentToken() {
    return token;
}

export function keepToken(text) {
    token = text;
    sessionStorage.setItem(KEY, text);
}

export function forgetToken() {
    token = null;
    sessionStorage.removeItem(KEY);
}

/** Without a token the server is open to this machine, and everything is allowed. */
export function isAdmin() {
    return token === null || claims().app_metadata?.role === 'super_admin';
}

export function tenantId() {
    const said = token === null ? {} : claims();
    return said.tenant_id ?? said.app_metadata?.tenant_id ?? null;
}
