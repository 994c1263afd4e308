"""Containers of containerd. It has no pre-dump: runc makes the rounds beside it, in containerd's own root of runc; the final
dump and the restore are containerd's, and criu is told the parent by its configuration file for runc."""
import json, os, subprocess
from container import Container
from guest import eventually, must, run
from image import make_image
from machine import make_root

IMAGE = 'localhost/victims:latest'
CHECKPOINT = 'checkpoint/c1'
RUNC = ['runc', '--root', '/run/containerd/runc/default']
CONFIG = '/etc/criu/runc.conf'


def serve(victims):
    """Starts the daemon, once, and gives it the image."""
    if os.path.exists('/run/image.tar'):
        return
    with open('/run/containerd.log', 'w') as log:
        subprocess.Popen(['containerd'], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    eventually(lambda: run('ctr', 'version').code == 0, 'containerd to answer')
    make_root('/run/image-root', victims)
    make_image('/run/image-root', IMAGE, '/run/image.tar')
    result = run('ctr', 'images', 'import', '/run/image.tar')
    must(result.code == 0, f'containerd takes no image: {result}')


class Containerd(Container):
    engine = 'containerd'

    def create(self):
        serve(self.given.victims)

    def start(self):
        result = self.quietly('ctr', 'run', '-d', IMAGE, self.name, *self.shell)
        self.root = f'/run/containerd/io.containerd.runtime.v2.task/default/{self.name}/rootfs'
        return result

    def host_pid(self):
        return json.loads(run(*RUNC, 'state', self.name).output)['pid']

    def work(self, folder):
        return folder + '.work'

    def pre_dump(self, folder, parent, *more):
        based = ['--parent-path', os.path.relpath(parent, folder)] if parent else []
        return run(*RUNC, 'checkpoint', '--pre-dump', '--image-path', folder, '--work-path', self.work(folder), *based, *more,
                   self.name)

    def dump(self, folder, parent, *more):
        """The images are in /tmp/ctd-checkpointN until containerd has put them into an image of its own. It leaves the container
        running: that must not go on."""
        os.makedirs(os.path.dirname(CONFIG), exist_ok=True)
        os.makedirs(self.work(folder), exist_ok=True)
        with open(CONFIG, 'w') as file:
            file.write(f'prev-images-dir ../..{parent}\ntrack-mem\nwork-dir {self.work(folder)}\n')
        result = run('ctr', 'containers', 'checkpoint', '--rw', '--task', self.name, CHECKPOINT)
        os.remove(CONFIG)
        self.remove()
        return result

    def restore(self, folder):
        return self.quietly('ctr', 'containers', 'restore', '--live', '--rw', self.name, CHECKPOINT)

    def end(self):
        super().end()
        run('ctr', 'images', 'rm', CHECKPOINT)

    def remove(self):
        run('ctr', 'tasks', 'kill', '--signal', 'KILL', self.name)
        eventually(self.has_gone, 'a container that is gone')
        run('ctr', 'tasks', 'rm', self.name)
        run('ctr', 'containers', 'rm', self.name)
