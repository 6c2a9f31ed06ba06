// The address: '#/jobs?status=failed' names a page and what it shows, so that a reload, a link and
// the browser's Back bring the same view again.

/** {name, args, query} of the address there is. */
export function here() {
    const [path, query = ''] = location.hash.replace(/^#\/?/, '').split('?');
    const [name, ...args] = path.split('/').map(decodeURIComponent);
    return {name: name === '' ? 'overview' : name, args, query: new URLSearchParams(query)};
}

/** An address: link('jobs', {status: 'failed'}), link('job/ID'). Empty parameters are left out. */
export function link(path, parameters = {}) {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(parameters))
        if (value !== null && value !== undefined && value !== '') query.set(name, value);
    return query.size > 0 ? `#/${path}?${query}` : `#/${path}`;
}

export function go(address) {
    location.hash = address;
}

/** The same page with other parameters; typing a filter need not fill the browser's history. */
export function replace(address) {
    history.replaceState(null, '', address);
    dispatchEvent(new HashChangeEvent('hashchange'));
}
