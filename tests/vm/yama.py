#!/usr/bin/python3
"""yama.py   kernel.yama.ptrace_scope 0, 1, 2 and 3: as the victim's own user, the same with CAP_SYS_PTRACE, as the victim's
parent, as root. A permitted round works; a forbidden one fails with a one-line error that names the missing permission, the
victim goes on, and the parent can still be used. It must run last in its VM: a scope of 3 holds until the next boot."""
import os, shlex, shutil, subprocess
from guest import TALLY, Chain, Result, Victim, eventually, main, must, options, read, run

GIVEN = options()
SCOPE = '/proc/sys/kernel/yama/ptrace_scope'
NOBODY = ('setpriv', '--reuid=65534', '--regid=65534', '--clear-groups')
WITH_CAPABILITY = (*NOBODY, '--inh-caps=+sys_ptrace', '--ambient-caps=+sys_ptrace')
# (that user must be able to write the new directory and the parent's mark)
TO_NOBODY = ('sh', '-c', 'chown -R 65534:65534 "$0" && exec "$@"')
# user: how predump is started, and the highest scope that permits it
WHO = {'own user': (NOBODY, 0), 'own user with CAP_SYS_PTRACE': (WITH_CAPABILITY, 2), 'root': ((), 2)}


def assert_refused(result, folder, scope, who):
    lines = result.errors.splitlines()
    must(result.code == 1 and len(lines) == 1, f'{who} at scope {scope}: {result}')
    must(f'kernel.yama.ptrace_scope is {scope}' in lines[0], f'{who} at scope {scope}: {lines[0]}')
    must(scope == 3 or 'CAP_SYS_PTRACE' in lines[0], f'{who} at scope {scope}: {lines[0]}')
    must(not os.listdir(folder), f'{who} at scope {scope}: left over: {os.listdir(folder)}')
    TALLY['rounds refused by yama'] += 1


def as_parent(scope):
    """predump is the victim's parent: a shell starts the victim and then becomes predump. Yama's scope 1 permits this."""
    os.makedirs('mine')
    os.chown('mine', 65534, 65534)
    start = ' '.join(map(shlex.quote, [GIVEN.victims + '/toucher', '1']))
    become = ' '.join(map(shlex.quote, [GIVEN.predump, '-D', 'mine', '-t']))
    victim = Victim(*NOBODY, 'sh', '-c',
                    f'{start} & while [ ! -e go ]; do sleep 0.1; done; exec {become} $! > mine.out 2> mine.err')
    open('go', 'w').close()
    eventually(lambda: victim.job.poll() is not None, 'predump to end')
    result = Result(subprocess.CompletedProcess('', victim.job.returncode, read('mine.out'), read('mine.err')))
    if scope <= 1:
        must(result.code == 0 and os.path.exists('mine/inventory.img'), f'parent at scope {scope}: {result}')
        TALLY['rounds that yama permitted'] += 1
    else:
        assert_refused(result, 'mine', scope, 'parent')
    victim.assert_goes_on(f'after predump as its parent at scope {scope}')
    victim.assert_verdict()
    victim.end()
    shutil.rmtree('mine')
    for name in 'go', 'mine.out', 'mine.err':
        os.remove(name)


def check(words, scope, works):
    """predump check reports the scope, and whether a pre-dump can work."""
    result = run(*words, GIVEN.predump, 'check')
    line = next(line for line in result.output.splitlines() if line[3:].split()[:1] == ['yama'])
    must(f'ptrace_scope is {scope}' in line or scope == 0 and line.startswith('ok'), f'check at scope {scope}: {line}')
    must((result.code == 0) == works, f'check at scope {scope}: {result}')
    must(works or f'can be frozen: kernel.yama.ptrace_scope is {scope}' in result.output, f'check at scope {scope}: {result}')
    print(f'check at scope {scope}: {line}')


def prove():
    must(os.path.exists(SCOPE), 'this kernel has no yama')
    os.chmod('.', 0o777)
    chain = Chain(GIVEN.predump, GIVEN.criu, Victim(*NOBODY, GIVEN.victims + '/toucher', '1'))
    os.chmod(chain.home, 0o755)
    for scope in 0, 1, 2, 3:
        with open(SCOPE, 'w') as file:
            file.write(str(scope))
        for who, (words, enough) in WHO.items():
            check(words, scope, works=scope < 2 or scope <= enough)
            parent = chain.last
            folder, result = chain.round(words=(*TO_NOBODY, chain.home, *words))
            if scope <= enough:
                chain.round_done((folder, result))
                TALLY['rounds that yama permitted'] += 1
            else:
                assert_refused(result, folder, scope, who)
                must(chain.inventory(parent), f'{who} at scope {scope}: the parent is lost')
            chain.victim.assert_goes_on(f'after {who} at scope {scope}')
        as_parent(scope)
        if scope < 3:
            chain.assert_exact(f'after scope {scope}')
    chain.victim.assert_verdict()


main('yama', prove)
