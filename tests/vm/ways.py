#!/usr/bin/python3
"""ways.py   What predump checkpoint takes besides a tree: a page server for rounds and dump, a command after each round,
rounds that are freed of what later ones replace, Ctrl-C while criu dumps, a machine without criu."""
import glob, json, os, shutil, signal, subprocess, tempfile
from guest import TALLY, Victim, eventually, main, must, options, read, run
from series import Series, goes_on_restored, warm_up

GIVEN = options()
PORT = '12321'
COST = {}


def begin(victim='toucher', *words):
    victim = Victim(f'{GIVEN.victims}/{victim}', *words)
    return victim, Series(GIVEN, victim)


def limits(rounds):
    """At most so many rounds, and a stop that no tree can do in."""
    return ['--max-downtime', '1', '--max-rounds', str(rounds)]


def restored(victim, series, folder):
    before = victim.round()
    series.restore(f'criu restore -D {folder}', folder)
    goes_on_restored(victim, before)


def certificates():
    """The options for TLS, by files that are named as a user names them: relative to where predump is started."""
    nowhere = {'OPENSSL_CONF': '/dev/null'}  # (the VM's /etc has none)
    for words in ('req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=ca '
                  '-addext basicConstraints=critical,CA:TRUE',
                  'req -newkey rsa:2048 -nodes -keyout key.pem -out csr.pem -subj /CN=localhost',
                  'x509 -req -in csr.pem -CA ca.pem -CAkey ca.key -CAcreateserial -out cert.pem -days 2'):
        result = run('openssl', *words.split(), environment=nowhere)
        must(result.code == 0, f'no certificates: {result}')
    return '--tls --tls-cacert ca.pem --tls-cert cert.pem --tls-key key.pem --tls-no-cn-verify'.split()


def page_server(*tls):
    victim, series = begin('toucher', '16')
    far, pidfile = tempfile.mkdtemp(prefix='far.', dir=os.getcwd()), os.path.abspath('server.pid')
    result = run(GIVEN.predump, 'page-server', '-D', far, '--forever', '--port', PORT, '-d', '--pidfile', pidfile, *tls,
                 '-o', far + '/server.log', stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    must(result.code == 0, f'no page server: {result}')
    lines = series.checkpoint('--max-downtime', '1', '--max-rounds', '3', '--page-server', '--port', PORT, *tls)
    print(f'  page server{", TLS" * bool(tls)}:', lines, flush=True)
    here, there = series.home + f'/{series.last()}', far + f'/{series.last()}'
    must(not glob.glob(here + '/pages-*.img'), 'pages are here, too')
    for name in os.listdir(here):
        if not os.path.lexists(f'{there}/{name}'):
            shutil.copy(f'{here}/{name}', there)
    restored(victim, series, there)
    os.kill(int(read(pidfile)), signal.SIGTERM)
    TALLY[f'checkpoints through a page server{", by TLS" * bool(tls)}, restored from its side'] += 1


def page_server_by_tls():
    page_server(*certificates())


def script():
    """A script of the user's is called at each point of the dump; one that fails fails the dump, and the tree runs on."""
    victim, series = begin()
    with open('script', 'w') as file:
        file.write('#!/bin/sh\necho "$CRTOOLS_SCRIPT_ACTION $CRTOOLS_INIT_PID" >> called\n[ ! -e fail ] || exit 7\n')
    os.chmod('script', 0o755)
    action = '--action-script', os.path.abspath('script')
    folder = f'{series.home}/2'
    lines = series.run('checkpoint', *limits(1), criu=['--action-script', '/bin/false'])
    must(lines.code == 1 and '/bin/false has ended with exit code 1 at pre-dump' in lines.result.errors,
         f'a script failed: {lines.result}')
    must('Error (predump): the action script' in read(folder + '/dump.log'), "criu's log does not say why")
    victim.assert_goes_on('after a script that failed')
    lines = series.checkpoint(*limits(1), criu=action)
    called = read(lines.dump['images_dir'] + '/called').split('\n')
    must(called[0] == f'pre-dump {victim.pid}' and f'post-dump {victim.pid}' in called, f'the script was called for {called}')
    restored(victim, series, lines.dump['images_dir'])
    TALLY["checkpoints with an action script of the user's"] += 1


def refused():
    """What criu does not take is said before the first round."""
    victim, series = begin()
    for words in ['--images-dir', '/x'], ['--no-such'], ['--manage-cgroups=nonsense']:
        lines = series.run('checkpoint', *limits(1), criu=words)
        must(lines.code in (1, 2) and series.last() == 0, f'{words} was not refused: {lines.result}')
        print(f'  refused: {lines.result.errors.strip().splitlines()[-1]}', flush=True)
    victim.assert_goes_on('after refusals')
    victim.assert_verdict()


def defaults():
    """A script in criu's own configuration file is called, too."""
    victim, series = begin()
    os.makedirs('/etc/criu', exist_ok=True)
    with open('all', 'w') as file:
        file.write('#!/bin/sh\necho "$CRTOOLS_SCRIPT_ACTION" >> /tmp/all.called\n')
    os.chmod('all', 0o755)
    with open('/etc/criu/default.conf', 'w') as file:
        file.write(f'action-script {os.path.abspath("all")}\n')
    lines = series.checkpoint(*limits(1))
    os.unlink('/etc/criu/default.conf')
    must('post-dump' in read('/tmp/all.called'), 'the script of the configuration file was not called')
    restored(victim, series, lines.dump['images_dir'])
    TALLY["checkpoints with an action script in criu's configuration file"] += 1


def after_round():
    victim, series = begin()
    command = 'echo "$PREDUMP_ROUND $PREDUMP_IMAGES_DIR $PREDUMP_JSON" >> told'
    lines = series.checkpoint('--max-downtime', '1', '--max-rounds', '2', '--after-round', command, '--leave-running')
    told = [line.split(' ', 2) for line in read('told').splitlines()]
    must([line[0] for line in told] == [str(r['round']) for r in lines.rounds], f'the command was told {told}')
    must(all(json.loads(line[2])['images_dir'] == line[1] == r['images_dir'] for line, r in zip(told, lines.rounds)),
         f'the command was told {told}')
    victim.assert_goes_on('after a checkpoint')
    lines = series.run('checkpoint', '--max-downtime', '1', '--max-rounds', '2', '--after-round', 'exit 7')
    must(lines.code == 1 and 'exit code 7' in lines.result.errors and not lines.dump, f'a command failed: {lines.result}')
    victim.assert_goes_on('after a command that failed')
    lines = series.checkpoint('--max-downtime', '1', '--max-rounds', '2')
    restored(victim, series, lines.dump['images_dir'])
    TALLY['checkpoints with a command after each round'] += 1


def blocks(folder):
    return sum(os.stat(path).st_blocks * 512 for path in glob.glob(folder + '/pages-*.img'))


def dedup():
    victim, series = begin('flood', '8')
    must(series.run('rounds', *limits(1)).code == 3, 'no rounds')
    before = blocks(series.home + '/1')
    lines = series.checkpoint(*limits(1), '--auto-dedup')
    must([r['round'] for r in lines.rounds] == [2], f'the second call did not go on: {lines.result}')
    print(f'  dedup: the first round had {before} bytes and has {blocks(series.home + "/1")} now', flush=True)
    must(blocks(series.home + '/1') < before / 2, 'the first round keeps what others replace')
    restored(victim, series, lines.dump['images_dir'])
    TALLY['checkpoints with rounds freed of what later ones replace'] += 1


def interrupted():
    victim, series = begin('toucher', '16')
    job = subprocess.Popen([str(word) for word in series.command('checkpoint', *limits(1))], stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    eventually(lambda: glob.glob(series.home + '/*/dump.log'), 'criu')
    os.killpg(job.pid, signal.SIGINT)
    output, errors = job.communicate(timeout=120)
    print(f'  Ctrl-C while criu dumps: exit code {job.returncode}: {output.strip()[-300:]} {errors.strip()[-300:]}', flush=True)
    must(job.returncode == 0, 'the checkpoint was not finished')
    restored(victim, series, f'{series.home}/{series.last()}')
    TALLY['checkpoints that a Ctrl-C did not harm'] += 1


def without_criu():
    victim, series = begin()
    hidden = 'mount --bind /dev/null "$0" && exec "$@"'
    result = run('unshare', '-m', 'sh', '-c', hidden, shutil.which(GIVEN.criu), *series.command('checkpoint', *limits(1)))
    must(result.code == 1 and series.last() == 0 and 'criu' in result.errors, f'rounds were made without criu: {result}')
    print(f'  without criu: {result.errors.strip()}', flush=True)
    victim.assert_goes_on('after a refusal')
    victim.assert_verdict()


def prove():
    COST.update(warm_up(GIVEN))
    for part in page_server, page_server_by_tls, script, defaults, refused, after_round, dedup, interrupted, without_criu:
        print(f'== {part.__name__}', flush=True)
        part()


main('ways', prove)
