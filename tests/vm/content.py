#!/usr/bin/python3
"""content.py [--only NAME]   predump checkpoint --track content: rounds and a final dump that leaves to them what has the same
bytes, shared memory too; each is restored and checked. For each: what the rounds and the dump wrote, and the stop. A database's
buffers, which no dirty tracking covers, must be left to the rounds."""
import glob, os, shutil, signal, subprocess, tempfile
from guest import TALLY, Victim, eventually, main, must, options, read, run
from series import Series, goes_on_restored, warm_up

GIVEN = options(only=None)
BY_CONTENT = ['--track', 'content', '--max-downtime', '100000']


def told(name, lines):
    dump, first = lines.dump, lines.rounds[0]
    print(f'  {name:10} {lines}; round: {first["pages_written"]} pages; dump: {dump["pages_written"]} stored, '
          f'{dump["pages_in_parent"]} left to the rounds', flush=True)


def whole(name, victim, most=0.5):
    """A dump that leaves the tree running, one that ends it upon that, the restore."""
    series = Series(GIVEN, victim)
    for more in ['--leave-running'], []:
        lines = series.checkpoint(*BY_CONTENT, *more)
        told(name + (' left' if more else ''), lines)
        dump = lines.dump
        must(dump['pages_written'] <= most * (dump['pages_written'] + dump['pages_in_parent']), f'{name}: stored {dump}')
    segments = glob.glob(dump['images_dir'] + '/pagemap-shmem-*')
    before = victim.round()
    series.restore(lines.dump['restore'])
    goes_on_restored(victim, before)
    TALLY['checkpoints by content restored'] += 1
    TALLY['pages that these dumps stored'] += dump['pages_written']
    TALLY['pages that these dumps left to the rounds'] += dump['pages_in_parent']
    series.remove()
    return segments


def toucher():
    whole('toucher', Victim(GIVEN.victims + '/toucher', '48'))


def shared():
    must(whole('shared', Victim(GIVEN.victims + '/shared')), 'the dump has no shared memory')


def family():
    whole('family', Victim(GIVEN.victims + '/family'))


def moved():
    """Memory that soft-dirty calls clean."""
    whole('shifter', Victim(GIVEN.victims + '/shifter'), most=1)


def postgres():
    """Under pgbench's load; its books balance after the restore."""
    if glob.glob('/usr/lib/postgresql/*/bin/pgbench'):
        must(whole('postgres', Victim(GIVEN.victims + '/postgres')), 'the dump has no shared buffers')


def redis():
    whole('redis', Victim(GIVEN.victims + '/redis'))




def serve(port, folder, *more):
    """A page server that compares, in the background."""
    result = run(GIVEN.predump, 'page-server', '-D', folder, '--port', port, '--compare', '-d', '--pidfile',
                 os.path.abspath(f'{port}.pid'), '-o', folder + '.log', *more, stdout=subprocess.DEVNULL,
                 stderr=subprocess.DEVNULL)
    must(result.code == 0, f'no page server: {result} {read(folder + ".log")}')


def restore_from(folder, images, victim):
    """What criu has written in one directory belongs to the pages in another one."""
    for name in os.listdir(images):
        if not os.path.lexists(f'{folder}/{name}'):
            shutil.copy(f'{images}/{name}', folder)
    eventually(victim.has_gone, 'a tree that is gone')
    before = victim.round()
    result = run(GIVEN.criu, 'restore', '-D', folder, '-d', '-v4', '-o', 'restore.log')
    must(result.code == 0, f'criu restore: {result} {read(folder + "/restore.log")[-1000:]}')
    goes_on_restored(victim, before)


def stored(folder):
    return sum(os.path.getsize(path) for path in glob.glob(folder + '/pages-*.img')) // 4096


def remote():
    """Rounds and dump go to a page server that compares, and stores what has changed."""
    victim, far = Victim(GIVEN.victims + '/shared'), tempfile.mkdtemp(prefix='far.', dir=os.getcwd())
    serve(7801, far, '--forever')
    series = Series(GIVEN, victim)
    lines = series.checkpoint(*BY_CONTENT, '--leave-running', '--page-server', '--port', 7801)
    lines = series.checkpoint(*BY_CONTENT, '--page-server', '--port', 7801)
    pages = [stored(f'{far}/{number}') for number in range(1, 5)]
    print(f'  remote     {lines}; pages stored there: {pages}', flush=True)
    must(all(number * 2 < pages[0] for number in pages[1:3]), f'a page server that compares has stored {pages} pages')
    restore_from(f'{far}/{series.last()}', f'{series.home}/{series.last()}', victim)
    os.kill(int(read('7801.pid')), signal.SIGTERM)
    TALLY['checkpoints by content through a page server, restored from its side'] += 1


def forwarded():
    """The dump is compared here, and only what has changed goes to the other page server, which has the same chain."""
    victim, home = Victim(GIVEN.victims + '/family'), tempfile.mkdtemp(prefix='home.', dir=os.getcwd())
    for folder in f'{home}/here/1', f'{home}/here/2', f'{home}/far/2':
        os.makedirs(folder)
    result = run(GIVEN.predump, '-t', victim.pid, '-D', f'{home}/here/1', '--track', 'content')
    must(result.code == 0, f'no round: {result}')
    shutil.copytree(f'{home}/here/1', f'{home}/far/1')
    serve(7802, f'{home}/far/2', '--prev-images-dir', '../1')
    os.makedirs(f'{home}/via')
    serve(7803, f'{home}/via', '--prev-images-dir', '../here/1', '--forward', '127.0.0.1:7802')
    result = run(GIVEN.criu, 'dump', '-t', victim.pid, '-D', f'{home}/here/2', '--page-server', '--address', '127.0.0.1',
                 '--port', 7803, '-v4', '-o', 'dump.log')
    must(result.code == 0, f'criu dump: {result} {read(home + "/here/2/dump.log")[-1000:]} {read(home + "/via.log")}')
    first, second = stored(f'{home}/far/1'), stored(f'{home}/far/2')
    print(f'  forwarded  {first} pages in the round, {second} in the dump', flush=True)
    must(second * 2 < first and not glob.glob(f'{home}/via/*.img'), f'{second} of {first} pages went on; {os.listdir(home + "/via")}')
    restore_from(f'{home}/far/2', f'{home}/here/2', victim)
    TALLY['dumps compared here, stored by another page server, and restored there'] += 1


def prove():
    warm_up(GIVEN)
    for case in toucher, shared, family, moved, redis, postgres, remote, forwarded:
        if not GIVEN.only or case.__name__ in GIVEN.only.split(','):
            case()
            for victim in Victim.ALL:
                victim.end()


main('content', prove)
