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


def page_server():
    victim, series = begin('toucher', '16')
    far, pidfile = tempfile.mkdtemp(prefix='far.', dir=os.getcwd()), os.path.abspath('server.pid')
    result = run(GIVEN.predump, 'page-server', '-D', far, '--forever', '--port', PORT, '-d', '--pidfile', pidfile,
                 '-o', far + '/server.log', stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    must(result.code == 0, f'no page server: {result}')
    lines = series.checkpoint('--max-downtime', '1', '--max-rounds', '3', '--page-server', '--port', PORT)
    print('  page server:', lines, flush=True)
    here, there = series.home + f'/{series.last()}', far + f'/{series.last()}'
    must(not glob.glob(here + '/pages-*.img'), 'pages are here, too')
    for name in os.listdir(here):
        if not os.path.lexists(f'{there}/{name}'):
            shutil.copy(f'{here}/{name}', there)
    restored(victim, series, there)
    os.kill(int(read(pidfile)), signal.SIGTERM)
    TALLY['checkpoints through a page server, restored from its side'] += 1


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
    for part in page_server, after_round, dedup, interrupted, without_criu:
        print(f'== {part.__name__}', flush=True)
        part()


main('ways', prove)
