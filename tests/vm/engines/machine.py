"""The machine that engines run on: a VM, whose /usr becomes the host's with Debian's engines (see setup) and predump on top."""
import contextlib, os, shutil, subprocess
from guest import must, run

# where a package puts the link; an engine whose PATH begins with it finds predump as criu
LINKS = '/usr/libexec/predump'
MULTIARCH = '/usr/lib/x86_64-linux-gnu'


def mount(kind, what, where, *options):
    os.makedirs(where, exist_ok=True)
    subprocess.run(['mount', '-t', kind, *(['-o', ','.join(options)] if options else []), what, where], check=True)


def prepare(predump, stock=False):
    """Once in a VM: /usr is a copy that may be changed, with the engines in it. With stock, engines find only the real criu."""
    if not os.path.exists('/run/engines'):
        must(os.path.exists('/ctl/cmd'), 'only in our VM: it changes /usr and /etc')
        mount('tmpfs', 'tmpfs', '/run/engines', 'size=80%')
        for folder in 'upper', 'work':
            os.mkdir('/run/engines/' + folder)
        mount('overlay', 'overlay', '/usr', 'lowerdir=/engines/root/usr:/usr', 'upperdir=/run/engines/upper',
              'workdir=/run/engines/work')
        shutil.copytree('/engines/root/etc', '/etc', symlinks=True, dirs_exist_ok=True)
        os.symlink('/proc/self/mounts', '/etc/mtab')
        os.makedirs(LINKS)
        shutil.copy(predump, '/usr/bin/predump')
        os.symlink('/usr/bin/predump', LINKS + '/criu')
        if os.path.exists('/engines/crun'):
            shutil.copy('/engines/crun', '/usr/bin/crun')
    if not stock:
        os.environ['PATH'] = LINKS + ':' + os.environ['PATH']


@contextlib.contextmanager
def settings(name, line):
    """One of predump's files of settings, for as long as it is wanted; no line: no file."""
    path = f'/etc/predump/{name}.conf'
    os.makedirs('/etc/predump', exist_ok=True)
    if line:
        with open(path, 'w') as file:
            file.write(line + '\n')
    try:
        yield
    finally:
        if line:
            os.remove(path)


def use_cgroup_v1():
    """The last proof in its VM: there is no way back."""
    subprocess.run(['umount', '/sys/fs/cgroup'], check=True)
    mount('tmpfs', 'cgroup', '/sys/fs/cgroup')
    with open('/proc/cgroups') as lines:
        known = [line.split()[0] for line in lines if not line.startswith('#')]
    for controller in known:
        where = '/sys/fs/cgroup/' + controller
        os.mkdir(where)
        if run('mount', '-t', 'cgroup', '-o', controller, 'cgroup', where).code:
            os.rmdir(where)  # (this kernel has it for cgroup v2 only)
    mount('cgroup', 'cgroup', '/sys/fs/cgroup/systemd', 'none', 'name=systemd')


def make_root(folder, victims):
    """A container's root file system: busybox, the victims, and the C library that those need."""
    for name in 'bin', 'proc', 'sys', 'dev', 'tmp', 'etc', 'root', 'lib', 'lib64', 'victims':
        os.makedirs(f'{folder}/{name}')
    shutil.copy('/bin/busybox', folder + '/bin')
    for name in 'sh', 'sleep', 'cat', 'kill', 'mkdir', 'mount':
        os.symlink('busybox', f'{folder}/bin/{name}')
    shutil.copy('/lib64/ld-linux-x86-64.so.2', folder + '/lib64')
    shutil.copy(MULTIARCH + '/libc.so.6', folder + '/lib')
    for name in 'toucher', 'ticker', 'family', 'threads', 'shifter':
        shutil.copy(f'{victims}/{name}', folder + '/victims')
    for name, line in ('passwd', 'root:x:0:0:root:/root:/bin/sh'), ('group', 'root:x:0:'):
        with open(f'{folder}/etc/{name}', 'w') as file:
            file.write(line + '\n')
