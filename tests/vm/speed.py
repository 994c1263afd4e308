"""Inside the VM: two rounds of pre-dump and the final criu dump, by each tool in turn; prints medians side by side."""
import os, re, shutil, signal, statistics, subprocess, sys, time

TOOLS = {
    'criu read': ['criu', 'pre-dump', '--pre-dump-mode=read'],
    'criu splice': ['criu', 'pre-dump', '--pre-dump-mode=splice'],
    'predump': ['/s/predump', 'pre-dump'],
}
COMMON = ['--track-mem', '--display-stats', '-v0', '-o', 'log']


def figure(text, name):
    return int(re.search(rf'^{name}: (\d+)', text, re.M).group(1))


def run(command):
    """Its figures: frozen and total in milliseconds, pages, peak memory in MB."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    peak = 0  # (ru_maxrss would be our own, from before the exec)
    while process.poll() is None:
        try:
            peak = int(re.search(r'VmHWM:\s+(\d+)', open(f'/proc/{process.pid}/status').read()).group(1))
            process.wait(0.02)
        except (subprocess.TimeoutExpired, AttributeError, OSError):
            pass
    total = time.monotonic() - start
    text = process.stdout.read()
    if process.returncode != 0:
        sys.exit(f'{" ".join(command)}: exit code {process.returncode}\n{text}')
    frozen = figure(text, 'Freezing time') + figure(text, 'Frozen time')
    return frozen / 1000, total * 1000, figure(text, 'Memory pages written'), peak / 1024


def level_the_ground():
    """Under TCG a program that has just ended makes the next one's page allocations slow (its pages held translated code), so
    that criu dump after a criu chain looks faster than after any other program: run one before each final dump."""
    shutil.rmtree('/tmp/other', ignore_errors=True)
    os.makedirs('/tmp/other')
    with subprocess.Popen(['sleep', '100']) as other:
        subprocess.run(['/s/predump', '-t', str(other.pid), '-D', '/tmp/other', '-q'], check=True)
        other.kill()


def chain(tool, megabytes, tasks):
    shutil.rmtree('/tmp/speed', ignore_errors=True)
    for name in '123':
        os.makedirs(f'/tmp/speed/{name}')
    with open('/tmp/hog.out', 'w') as out:  # not a pipe to us: criu would not dump that
        victim = subprocess.Popen(['/s/hog', str(megabytes), str(tasks)], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                  start_new_session=True)

    def wait_for(lines):
        while open('/tmp/hog.out').read().count('\n') < lines:
            if victim.poll() is not None:
                sys.exit('the victim ended')
            time.sleep(0.02)

    def dirty(round):
        victim.send_signal(signal.SIGUSR1)
        wait_for(1 + round)

    wait_for(1)

    pid = ['-t', str(victim.pid)]
    try:
        first = run([*TOOLS[tool], *pid, '-D', '/tmp/speed/1', *COMMON])
        dirty(1)
        second = run([*TOOLS[tool], *pid, '-D', '/tmp/speed/2', '--prev-images-dir', '../1', *COMMON])
        dirty(2)
        level_the_ground()
        dump = run(['criu', 'dump', *pid, '-D', '/tmp/speed/3', '--prev-images-dir', '../2', '--leave-running', *COMMON])
    finally:
        victim.kill()
        victim.wait()
    return first, second, dump


def main():
    runs = int(sys.argv[1])
    subprocess.run(['criu', 'check'], capture_output=True)  # fills CRIU's cache of the kernel's features
    print(f'kernel {os.uname().release}, {subprocess.run(["criu", "--version"], capture_output=True, text=True).stdout.split()[1]}, medians of {runs}')
    for megabytes, tasks in (512, 1), (64, 16):
        results = {tool: [] for tool in TOOLS}
        for _ in range(runs):
            for tool in TOOLS:  # in turn, so that a slow moment of the machine hits all
                results[tool].append(chain(tool, megabytes, tasks))
        print(f'\n{megabytes} MiB in {tasks} task(s)' + ' ' * 12 + 'frozen ms   total ms     pages   peak MB')
        for step, name in enumerate(('round 1', 'round 2 (5 % dirty)', 'final criu dump')):
            for tool, chains in results.items():
                frozen, total, pages, peak = (statistics.median(part[step][i] for part in chains) for i in range(4))
                print(f'{name:20} {tool:12} {frozen:10.2f} {total:10.0f} {pages:9.0f} {peak:9.1f}')


main()
