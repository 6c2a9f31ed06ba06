"""Settings: where they come from, which wins, what is said of wrong ones."""
import json
import re

import pytest
from conftest import assert_refused

# Variable: default, as section 5 of the contract has them and as far as they are plain.
DEFAULTS = {
    'MILLHAND_ENV': 'development', 'MILLHAND_SCHEMA': 'millhand', 'MAX_CONCURRENT_JOBS': '1',
    'SHUTDOWN_TIMEOUT_MS': '30000', 'LEASE_MS': '30000', 'MONITOR_INTERVAL_MS': '30000',
    'HEALTH_CHECK_PORT': '8080', 'MILLHAND_HTTP_PORT': '8090', 'MILLHAND_BIND': '127.0.0.1',
    'MILLHAND_HANDLERS': 'handlers', 'MILLHAND_CONFIG': 'millhand.conf', 'UNKNOWN_TYPES': 'leave',
    'MAX_PAYLOAD_BYTES': '1048576', 'MAX_RESULT_BYTES': '1048576', 'RETENTION_DAYS': '7',
    'FAILED_RETENTION_DAYS': '30', 'SQLITE_SYNCHRONOUS': 'normal', 'LOG_LEVEL': 'info',
    'LOG_FORMAT': 'auto', 'ALLOW_LOCAL_PROJECTS': '0', 'DATABASE_URL': 'sqlite:millhand.db',
}


@pytest.fixture
def bare(site):
    """A site that sets nothing."""
    site.env = {'HOME': str(site.path)}
    return site


def config(site, *args, **options):
    """name → (value, source), as `millhand config` has them."""
    return {row['name']: (str(row['value']), row['source'])
            for row in site.json(*args, 'config', **options)}


def test_every_default_is_the_one_of_the_contract(bare):
    rows = config(bare)
    for name, value in DEFAULTS.items():
        assert rows[name] == (value, 'default'), name


def test_config_prints_a_table_for_people(bare):
    text = bare.ok('config')
    assert re.search(r'^LEASE_MS +30000 +default', text, re.M)


def test_the_environment_wins_over_the_env_file_and_an_option_over_both(bare):
    bare.file('.env').write_text('LEASE_MS=5000\nLOG_LEVEL=warn\nDATABASE_URL=sqlite:file.db\n')
    rows = config(bare, '--db', 'sqlite:option.db', env={'LOG_LEVEL': 'error'})
    assert rows['LEASE_MS'] == ('5000', '.env')
    assert rows['LOG_LEVEL'] == ('error', 'environment')
    assert rows['DATABASE_URL'] == ('sqlite:option.db', '--db')


def test_env_file_names_another_file(bare):
    bare.file('other.env').write_text('# words\nexport LEASE_MS="5000" # five seconds\n')
    assert config(bare, '--env-file', 'other.env')['LEASE_MS'][0] == '5000'


def test_an_env_file_that_is_named_must_exist(bare):
    assert_refused(bare.run('--env-file', 'none.env', 'stats'), 2, 'none.env')


def test_a_wrong_line_of_the_env_file_is_named_without_its_value(bare):
    bare.file('.env').write_text('LEASE_MS=5000\nhunter2hunter2\n')
    done = bare.run('config')
    assert done.returncode == 2 and '.env:2' in done.stderr and 'hunter2' not in done.stderr


def test_all_wrong_values_are_named_at_once(site):
    done = site.run('stats', env={'LEASE_MS': 'soon', 'LOG_LEVEL': 'loud', 'UNKNOWN_TYPES': 'x',
                                  'MAX_CONCURRENT_JOBS': '0', 'HEALTH_CHECK_PORT': '99999'})
    assert done.returncode == 2 and not done.stdout
    for name in ('LEASE_MS', 'LOG_LEVEL', 'UNKNOWN_TYPES', 'MAX_CONCURRENT_JOBS',
                 'HEALTH_CHECK_PORT'):
        assert len(re.findall(rf'^.*{name}.*$', done.stderr, re.M)) == 1, done.stderr
    assert 'leave' in done.stderr and 'trace' in done.stderr, 'says what was expected'


@pytest.mark.parametrize('value', ['-1', '1.5', '99999999999999999999', '5000x', ' '])
def test_a_wrong_number_is_refused(site, value):
    done = site.run('stats', env={'LEASE_MS': value})
    assert_refused(done, 2, 'LEASE_MS')


def test_an_empty_variable_counts_as_unset(bare):
    assert config(bare, env={'LEASE_MS': ''})['LEASE_MS'] == ('30000', 'default')


def test_a_secret_is_read_from_a_file(bare):
    bare.file('secret').write_text('sqlite:from-file.db\n')
    rows = config(bare, env={'DATABASE_URL_FILE': 'secret'})
    assert rows['DATABASE_URL'] == ('sqlite:from-file.db', 'DATABASE_URL_FILE')


def test_a_secret_file_that_is_missing_is_named(bare):
    done = bare.run('stats', env={'MILLHAND_JWT_SECRET_FILE': 'none'})
    assert_refused(done, 2, 'MILLHAND_JWT_SECRET')


def test_secrets_are_masked(bare):
    secrets = {'MILLHAND_JWT_SECRET': 'hunter2' * 6, 'ANTHROPIC_API_KEY': 'hunter2key',
               'DATABASE_URL': 'postgres://mill:hunter2pass@db.test/mill',
               'CREDENTIAL_ENCRYPTION_KEY': 'ab' * 32}
    for args in (['config'], ['--json', 'config']):
        text = bare.ok(*args, env=secrets)
        assert 'hunter2' not in text and 'abab' not in text
        assert 'db.test' in text


def test_config_works_without_a_store(bare):
    assert bare.run('config', env={'DATABASE_URL': 'sqlite:/no/such/folder/x.db'}).returncode == 0


def test_production_needs_a_database_url(bare):
    assert_refused(bare.run('stats', env={'MILLHAND_ENV': 'production'}), 2, 'DATABASE_URL')


def test_node_env_stands_in_for_millhand_env(bare):
    assert config(bare, env={'NODE_ENV': 'production', 'DATABASE_URL': 'sqlite:x.db'}
                  )['MILLHAND_ENV'][0] == 'production'
    rows = config(bare, env={'NODE_ENV': 'production', 'MILLHAND_ENV': 'development'})
    assert rows['MILLHAND_ENV'] == ('development', 'environment')


def test_an_unknown_node_env_is_development(bare):
    assert config(bare, env={'NODE_ENV': 'test'})['MILLHAND_ENV'][0] == 'development'


def test_a_supabase_url_alone_is_refused_with_a_hint(bare):
    done = bare.run('stats', env={'SUPABASE_URL': 'https://x.supabase.co'})
    assert_refused(done, 2, 'SUPABASE_URL', 'DATABASE_URL', 'connection string')


def test_the_default_store_is_in_the_working_directory(bare):
    bare.ok('enqueue', 'greet')
    assert bare.file('millhand.db').exists()


def test_the_worker_logs_the_absolute_path_of_its_store(site):
    site.sh('good', 'echo 1\n')
    with site.worker('--drain', DATABASE_URL='sqlite:here.db') as worker:
        line = worker.wait_for('store ready')
        assert worker.wait() == 0
    assert str(site.path / 'here.db') in json.dumps(line)


@pytest.mark.parametrize('text, word', [
    ('[handler.a]\ncolour=red\n', ':2: unknown key'), ('[handler.a]\ntimeout=soon\n', 'timeout'),
    ('[handler.a]\nmode=twice\n', 'mode'), ('[handlers.a]\ntimeout=1s\n', '[handler.TYPE]'),
    ('[handler.a b]\ntimeout=1s\n', '[handler.TYPE]'), ('nonsense\n', ':1:'),
])
def test_a_wrong_line_of_the_handler_settings_is_named(site, text, word):
    site.sh('a', 'echo 1\n')
    site.config.write_text(text)
    done = site.run('worker', '--drain')
    assert done.returncode == 2
    assert word in done.stderr and 'millhand.conf' in done.stderr


def test_a_config_file_that_is_named_must_exist(site):
    site.sh('a', 'echo 1\n')
    done = site.run('--config', 'none.conf', 'worker', '--drain')
    assert done.returncode == 2 and 'none.conf' in done.stderr
