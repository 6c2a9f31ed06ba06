"""Tokens of `millhand serve`: which ones open the door, and what each tenant finds behind it."""
import json
import subprocess
import time

import pytest
from conftest import assert_refused, wait_until
from serve import DEFAULT, SECRET, Server, b64, claims, hs256, say, token, unsigned

OTHER = 'another secret of thirty-two bytes'


def openssl(*args, stdin=None):
    return subprocess.run(
        ['openssl', *map(str, args)], input=stdin, capture_output=True, check=True
    ).stdout


class Key:
    """A private key in a file, and the public one as a JWK."""

    def __init__(self, folder, name, kind):
        self.name, self.alg = name, 'RS256' if kind == 'RSA' else 'ES256'
        self.path = folder / f'{name}.pem'
        option = 'rsa_keygen_bits:2048' if kind == 'RSA' else 'ec_paramgen_curve:P-256'
        openssl('genpkey', '-algorithm', kind, '-pkeyopt', option, '-out', self.path)
        self.public = openssl('pkey', '-in', self.path, '-pubout')
        self.jwk = {'kid': name, 'use': 'sig', **(self._rsa() if kind == 'RSA' else self._ec())}

    def _rsa(self):
        text = openssl('rsa', '-in', self.path, '-noout', '-modulus').decode().strip()
        return {'kty': 'RSA', 'n': b64(bytes.fromhex(text.split('=')[1])), 'e': 'AQAB'}

    def _ec(self):
        point = openssl('pkey', '-in', self.path, '-pubout', '-outform', 'DER')[-64:]
        return {'kty': 'EC', 'crv': 'P-256', 'x': b64(point[:32]), 'y': b64(point[32:])}

    def sign(self, text):
        made = openssl('dgst', '-sha256', '-sign', self.path, stdin=text.encode())
        if self.alg == 'ES256':  # r and s side by side
            length = made[3]
            r, s = made[4 : 4 + length], made[6 + length :]
            made = b''.join(part.lstrip(b'\0').rjust(32, b'\0') for part in (r, s))
        return f'{text}.{b64(made)}'

    def token(self, header=None, **more):
        return self.sign(
            unsigned({'alg': self.alg, 'kid': self.name, **(header or {})}, claims(**more))
        )


@pytest.fixture(scope='module')
def keys(tmp_path_factory):
    folder = tmp_path_factory.mktemp('keys')
    return {
        name: Key(folder, name, kind)
        for name, kind in (('rsa', 'RSA'), ('ec', 'EC'), ('stranger', 'RSA'))
    }


@pytest.fixture
def server(site, keys):
    jwks = site.path / 'jwks.json'
    jwks.write_text(
        json.dumps({'keys': [keys['rsa'].jwk, keys['ec'].jwk, {'kty': 'oct', 'k': 'x'}]})
    )
    with Server(
        site,
        MILLHAND_JWT_SECRET=SECRET,
        MILLHAND_JWKS=jwks,
        MILLHAND_JWT_AUDIENCE='millhand',
        MILLHAND_JWT_ISSUER='me',
    ) as server:
        yield server
        assert server.stop() == 0


def status(server, text):
    return server.ask('GET', '/v1/stats', token=text).status


AIM = {'aud': 'millhand', 'iss': 'me'}


def test_right_tokens_open(server, keys):
    assert status(server, token(**AIM)) == 200
    assert status(server, token(**{**AIM, 'aud': ['other', 'millhand']})) == 200
    assert status(server, token(tenant_id=None, app_metadata={'tenant_id': DEFAULT}, **AIM)) == 200
    assert status(server, token(exp=time.time() - 5, **AIM)) == 200, 'clocks may differ a little'
    for name in ('rsa', 'ec'):
        assert status(server, keys[name].token(**AIM)) == 200
        unnamed = keys[name].sign(unsigned({'alg': keys[name].alg}, claims(**AIM)))
        assert status(server, unnamed) == 200, 'without a key id each key of its kind is tried'
    assert server.ask('GET', '/health').status == 200


def attacks(keys):
    """Tokens that must not open, with what is wrong about each."""
    good = claims(**AIM)
    right = token(**AIM)
    head, body, signature = right.split('.')
    for alg in (
        'none',
        'None',
        'NONE',
        'nOnE',
        '',
        'HS384',
        'HS512',
        'hs256',
        'RS384',
        'PS256',
        'EdDSA',
        7,
        None,
    ):
        yield f'alg {alg}', f'{unsigned({"alg": alg}, good)}.'
        yield f'alg {alg}, signed', hs256(unsigned({'alg': alg}, good))
    for name in ('rsa', 'ec'):
        key = keys[name]
        for secret in (key.public, key.public.strip(), key.jwk.get('n', '').encode()):
            yield 'a public key as the secret', hs256(
                unsigned({'alg': 'HS256', 'kid': name}, good), secret.decode()
            )
        yield 'HS256 over RS256', hs256(unsigned({'alg': key.alg, 'kid': name}, good))
    for alg, kid in (('ES256', 'rsa'), ('RS256', 'ec'), ('ES256', 'ec'), ('RS256', 'rsa')):
        other = 'rsa' if alg == 'ES256' else 'ec'
        yield 'the other kind of key', keys[other].sign(unsigned({'alg': alg, 'kid': kid}, good))
    yield 'another key under our id', keys['stranger'].token({'kid': 'rsa'}, **AIM)
    yield 'an unknown key', keys['stranger'].token(**AIM)
    for kid in ('nobody', '../jwks.json', "' OR 1=1", 'x' * 200, 7, None, '', ['rsa']):
        yield f'kid {kid}', keys['rsa'].token({'kid': kid}, **AIM)
    yield 'its own key', keys['stranger'].token({'kid': None, 'jwk': keys['stranger'].jwk}, **AIM)
    yield 'crit', hs256(unsigned({'alg': 'HS256', 'crit': ['exp']}, good))
    yield 'another secret', token(secret=OTHER, **AIM)
    yield 'no secret', token(secret='', **AIM)
    forged = json.dumps({**good, 'tenant_id': 'x'}).encode()
    yield 'altered claims', f'{head}.{b64(forged)}.{signature}'
    yield 'altered header', f'{b64(b"{}")}.{body}.{signature}'
    for flip in range(0, len(signature), 6):
        other = 'A' if signature[flip] != 'A' else 'B'
        yield 'altered signature', f'{head}.{body}.{signature[:flip]}{other}{signature[flip + 1:]}'
    for cut in ('', signature[:-1], signature + 'A', signature + '=', signature[:20]):
        yield 'cut signature', f'{head}.{body}.{cut}'
    for text in (
        '',
        '.',
        '..',
        '...',
        head,
        f'{head}.{body}',
        f'{right}.',
        f'.{right}',
        f'{head}.{body}.{signature}.{signature}',
        f'{head}..{signature}',
        'a.b.c',
        right[1:],
        right.replace('.', ','),
        f'{right}=',
        ' '.join(right.split('.')),
    ):
        yield 'shape', text
    yield 'ES256 of zeros', f'{unsigned({"alg": "ES256", "kid": "ec"}, good)}.{b64(bytes(64))}'
    yield 'ES256 too long', keys['ec'].token(**AIM) + 'AAAA'
    now = time.time()
    for name, wrong in (
        ('expired', {'exp': now - 120}),
        ('no exp', {'exp': None}),
        ('exp text', {'exp': '9e9'}),
        ('exp true', {'exp': True}),
        ('exp below 0', {'exp': -1}),
        ('not yet', {'nbf': now + 120}),
        ('nbf text', {'nbf': 'x'}),
        ('aud', {'aud': 'other'}),
        ('no aud', {'aud': None}),
        ('auds', {'aud': ['a', 'b']}),
        ('aud part', {'aud': 'mill'}),
        ('iss', {'iss': 'you'}),
        ('no iss', {'iss': None}),
        ('no tenant', {'tenant_id': None}),
        ('tenant', {'tenant_id': 'x'}),
        ('tenant number', {'tenant_id': 1}),
        ('tenant object', {'tenant_id': {}}),
        ('tenant empty', {'tenant_id': '', 'app_metadata': {'tenant_id': DEFAULT}}),
        ('tenant in braces', {'tenant_id': '{' + DEFAULT + '}'}),
        ('tenant of a list', {'tenant_id': [DEFAULT]}),
        ('tenant and a blank', {'tenant_id': DEFAULT + ' '}),
        ('tenant below', {'tenant_id': None, 'app_metadata': {'tenant_id': 7}}),
        ('metadata text', {'tenant_id': None, 'app_metadata': json.dumps({'tenant_id': DEFAULT})}),
        ('metadata list', {'tenant_id': None, 'app_metadata': [{'tenant_id': DEFAULT}]}),
        ('tenant of the user', {'tenant_id': None, 'user_metadata': {'tenant_id': DEFAULT}}),
        ('role of the user', {'tenant_id': None, 'user_metadata': {'role': 'super_admin'}}),
        ('role of another place', {'tenant_id': None, 'role': 'super_admin'}),
        ('role list', {'tenant_id': None, 'app_metadata': {'role': ['super_admin']}}),
        ('role case', {'tenant_id': None, 'app_metadata': {'role': 'Super_Admin'}}),
        ('role with a blank', {'tenant_id': None, 'app_metadata': {'role': 'super_admin '}}),
        ('an admin of no tenant', {'tenant_id': 'x', 'app_metadata': {'role': 'super_admin'}}),
        ('exp null and nbf', {'exp': None, 'nbf': 0}),
        ('exp object', {'exp': {}}),
        ('exp in milliseconds below 0', {'exp': -9e15}),
        ('nbf null', {'nbf': None}),
        ('nbf huge', {'nbf': 1e300}),
        ('aud object', {'aud': {'millhand': 1}}),
        ('aud case', {'aud': 'Millhand'}),
        ('iss list', {'iss': ['me']}),
        ('iss and more', {'iss': 'me.evil'}),
    ):
        yield name, token(**{**AIM, **wrong})
    for raw in (
        b'',
        b'[]',
        b'7',
        b'null',
        b'{',
        b'\xff',
        b'{"exp":9e99,"exp":9e99}',
        b'{"exp":1e999}',
        b'{"exp":99999999999999999999}',
        b'{"alg":"HS256","alg":"none"}',
        b'{"alg":"HS256"}x',
        b'{"a":"\\u0000"}',
    ):
        yield 'claims', hs256(unsigned({'alg': 'HS256'}, raw))
        yield 'header', hs256(unsigned(raw, good))
    yield 'too long', token(padding='x' * 8200, **AIM)
    padded, other = hs256(f'{head}=.{body}'), right.translate(str.maketrans('-_', '+/'))
    yield 'padding that is signed', padded
    yield 'a blank that is signed', hs256(f'{head}. {body}')
    yield 'the other alphabet', other if other != right else padded
    for blank in (' ', '\t', '%20', ',', ';', f', Bearer {right}'):
        yield 'something behind it', right + blank + 'x'
    last = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    yield 'bits that say nothing', right[:-1] + last[last.index(right[-1]) | 1]


@pytest.mark.sanitized
def test_no_attack_opens(server, keys):
    tried = list(attacks(keys))
    assert len(tried) > 100
    for name, text in tried:
        answer = server.ask('GET', '/v1/stats', token=text or None, Authorization='Bearer ')
        assert (answer.status, answer.code) == (401, 'UNAUTHORIZED'), (name, text)
        assert answer.headers['WWW-Authenticate'] == 'Bearer'
        assert len(text) < 20 or text not in answer.text
    assert all(len(text) < 20 or text not in str(server.lines) for _, text in tried)
    for scheme in ('Basic', 'bearer:', 'Token', ''):
        assert (
            server.ask('GET', '/v1/stats', Authorization=f'{scheme} {token(**AIM)}').status == 401
        ), scheme
    for name in ('token', 'access_token', 'jwt', 'Authorization'):
        assert server.ask('GET', f'/v1/stats?{name}={token(**AIM)}').status == 401
    assert server.ask('GET', '/v1/stats', Cookie=f'token={token(**AIM)}').status == 401


def test_two_tokens_are_none(server):
    right, wrong = token(**AIM), token(secret=OTHER, **AIM)
    for pair in ((right, wrong), (wrong, right), (right, right)):
        lines = ''.join(f'Authorization: Bearer {one}\r\n' for one in pair)
        said = say(server.port, f'GET /v1/stats HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n', 10)
        assert said.startswith(b'HTTP/1.1 400 ') and b'BAD_REQUEST' in said


def test_keys_are_read_again_when_the_file_changes(site, server, keys):
    jwks = site.path / 'jwks.json'
    new = keys['stranger'].token(**AIM)
    assert status(server, new) == 401
    jwks.write_text(json.dumps({'keys': [keys['stranger'].jwk]}))
    wait_until(lambda: status(server, new) == 200)
    assert status(server, keys['rsa'].token(**AIM)) == 401
    jwks.write_text('{"keys": [')
    wait_until(
        lambda: status(server, new) == 200 and server.logged('keys of tokens are kept as they were')
    )


@pytest.mark.parametrize(
    'text',
    [
        '',
        '{}',
        '{"keys":[]}',
        '{"keys":7}',
        'x',
        '[]',
        '{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}',
        '{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}',
    ],
)
def test_a_file_without_keys_is_refused(site, text):
    (site.path / 'jwks.json').write_text(text)
    done = site.run('serve', env={'MILLHAND_JWKS': 'jwks.json'})
    assert_refused(done, 2, 'jwks.json')


def test_token_makes_tokens(site):
    secret = {'MILLHAND_JWT_SECRET': SECRET}
    acme = site.ok('tenant', 'add', 'acme').strip()
    with Server(site, **secret) as server:
        mine = site.ok('token', '--tenant', 'acme', env=secret).strip()
        job = server.add({'type': 'a'}, token=mine)
        assert job['tenant_id'] == acme
        by_id = site.json('token', '--tenant', acme, '--expires', '1m', env=secret)[0]['token']
        assert len(server.ask('GET', '/v1/jobs', token=by_id).json['jobs']) == 1
        admin = site.ok('token', '--super-admin', env=secret).strip()
        assert server.ask('GET', '/v1/workers', token=admin).status == 200
        assert server.add({'type': 'a', 'tenant_id': acme}, token=admin)['tenant_id'] == acme
        server.stop()
    assert_refused(site.run('token', '--tenant', 'acme'), 2, 'MILLHAND_JWT_SECRET')
    assert_refused(site.run('token', env=secret), 2, '--tenant')
    assert_refused(site.run('token', '--tenant', 'nobody', env=secret), 2, 'nobody')


# --- tenants


@pytest.fixture(params=['sqlite', 'postgres', 'postgres without roles'])
def tenants(request, site):
    """A server on a store with two tenants, the first of which has a job that failed."""
    if request.param != 'sqlite':
        server = request.getfixturevalue('shared_server')
        schema = f'serve_{time.monotonic_ns()}'
        site.env['DATABASE_URL'] = f'postgres://test@127.0.0.1:{server.port}/postgres'
        site.env['MILLHAND_SCHEMA'] = schema
        site.ok('migrate', *([] if 'without' in request.param else ['--roles']))
    site.acme, site.bolt = (site.ok('tenant', 'add', name).strip() for name in ('acme', 'bolt'))
    site.sh('bad', 'exit 65\n')
    site.job_id = site.enqueue('bad', '--tenant', 'acme')
    with site.worker('--drain') as worker:
        assert worker.wait() == 0
    with Server(site, MILLHAND_JWT_SECRET=SECRET) as server:
        yield server
        server.stop()


def test_tenants_do_not_meet(site, tenants):
    acme, bolt = token(tenant_id=site.acme), token(tenant_id=site.bolt)
    path = f'/v1/jobs/{site.job_id}'
    assert len(tenants.ask('GET', path, token=acme).json['history']) == 1
    for method, where in (
        ('GET', path),
        ('DELETE', path),
        ('POST', f'{path}/retry'),
        ('POST', f'{path}/cancel'),
    ):
        answer = tenants.ask(method, where, token=bolt)
        assert (answer.status, answer.code) == (404, 'JOB_NOT_FOUND'), method
    assert tenants.ask('GET', '/v1/jobs', token=bolt).json['jobs'] == []
    assert tenants.ask('GET', '/v1/stats', token=bolt).json['failed_count'] == 0
    assert tenants.ask('GET', '/v1/stats', token=acme).json['failed_count'] == 1
    assert tenants.add({'type': 'x'}, token=bolt)['tenant_id'] == site.bolt
    for tenant_id in (site.acme, site.bolt):
        answer = tenants.ask('POST', '/v1/jobs', {'type': 'x', 'tenant_id': tenant_id}, token=bolt)
        assert (answer.status, answer.code) == (422, 'INVALID_JOB')
    for method, where in (
        ('GET', '/v1/workers'),
        ('GET', '/v1/types'),
        ('POST', '/v1/types/x/pause'),
    ):
        answer = tenants.ask(method, where, token=acme)
        assert (answer.status, answer.code) == (403, 'FORBIDDEN')
    made = tenants.ask(
        'POST', '/v1/schedules', {'name': 's', 'type': 'x', 'cron': '@daily'}, token=acme
    )
    assert (made.status, made.json['tenant_id']) == (201, site.acme), made.text
    assert tenants.ask('GET', '/v1/schedules', token=bolt).json['schedules'] == []
    for method, body in (('GET', None), ('PATCH', {'paused': True}), ('DELETE', None)):
        answer = tenants.ask(method, '/v1/schedules/s', body, token=bolt)
        assert answer.code == 'SCHEDULE_NOT_FOUND', method
    assert tenants.ask('PATCH', '/v1/schedules/s', {'paused': True}, token=acme).status == 200
    assert tenants.ask('POST', f'{path}/retry', token=acme).json['status'] == 'pending'


def test_a_super_admin_meets_all(site, tenants):
    admin = token(tenant_id=None, app_metadata={'role': 'super_admin'})
    tenants.add({'type': 'x', 'tenant_id': site.bolt}, token=admin)
    seen = {job['tenant_id'] for job in tenants.ask('GET', '/v1/jobs', token=admin).json['jobs']}
    assert seen == {site.acme, site.bolt}
    assert tenants.ask('POST', '/v1/types/x/pause', token=admin).status == 204
    assert tenants.ask('GET', '/v1/types', token=admin).json['types']
    assert tenants.ask('GET', '/v1/workers', token=admin).status == 200
    assert tenants.ask('DELETE', f'/v1/jobs/{site.job_id}', token=admin).status == 204


def test_a_tenant_that_is_gone_finds_nothing(site, tenants):
    ghost = token(tenant_id='0190a000-0000-7000-8000-000000000000')
    assert tenants.ask('GET', '/v1/jobs', token=ghost).json['jobs'] == []
    answer = tenants.ask('POST', '/v1/jobs', {'type': 'x'}, token=ghost)
    assert (answer.status, answer.code) == (404, 'TENANT_NOT_FOUND')


def test_the_database_itself_isolates(site, shared_server):
    schema = f'serve_{time.monotonic_ns()}'
    site.env['DATABASE_URL'] = f'postgres://test@127.0.0.1:{shared_server.port}/postgres'
    site.env['MILLHAND_SCHEMA'] = schema
    site.ok('migrate', '--roles')
    with Server(site, MILLHAND_JWT_SECRET=SECRET) as server:
        assert status(server, token()) == 200
        shared_server.sql(f'REVOKE EXECUTE ON FUNCTION {schema}.mh_stats FROM millhand_api')
        assert status(server, token()) == 403, 'it asks as millhand_api'
        server.stop()


def test_a_token_that_asks_too_often_is_told_to_wait(site):
    with Server(site, MILLHAND_JWT_SECRET=SECRET, MILLHAND_RATE_LIMIT=1) as server:
        mine = token()
        seen = [
            server.ask('GET', '/v1/stats', Authorization=f'{scheme} {mine}')  # one token still
            for scheme in ('Bearer', 'bearer') * 10
        ]
        assert [answer.status for answer in seen[:10]] == [200] * 10
        refused = [answer for answer in seen if answer.status == 429]
        assert refused and refused[0].code == 'TOO_MANY_REQUESTS'
        assert refused[0].headers['Retry-After'] == '1'
        assert status(server, token(sub='another')) == 200
        server.stop()
