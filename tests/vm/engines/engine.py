"""The container that the options of a proof ask for."""
import machine
from containerd import Containerd
from guest import options
from lxc import Lxc
from oci import Oci
from podman import Podman


def engine_options(**more):
    """--engine runc, crun, lxc, containerd, or podman with --runtime and --export; --cgroup v1 or v2; --stock is criu without
    predump."""
    given = options(engine='runc', runtime='runc', export=False, stock=False, cgroup='v2', **more)
    machine.prepare(given.predump, given.stock)
    if given.cgroup == 'v1':
        machine.use_cgroup_v1()
    return given


def container(given, *victim, **more):
    kind = {'lxc': Lxc, 'podman': Podman, 'containerd': Containerd}.get(given.engine, Oci)
    return kind(given, *victim, **more)


def title(given, *what):
    words = [given.engine, given.runtime * (given.engine == 'podman'), 'exported' * given.export,
             'cgroup-v1' * (given.cgroup == 'v1'), 'stock' * given.stock, *what]
    return ' '.join(filter(None, words))
