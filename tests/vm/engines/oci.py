"""Containers of runc and crun, whose command lines are the same."""
import json, os
from container import Container
from guest import run
from machine import make_root


class Oci(Container):
    def __init__(self, given, *victim, **more):
        self.engine = given.engine
        super().__init__(given, *victim, **more)

    def create(self):
        make_root(self.root, self.given.victims)
        run(self.engine, 'spec', cwd=self.home)
        with open(self.home + '/config.json') as file:
            config = json.load(file)
        config['process'].update(terminal=False, args=self.shell)
        config['root'].update(path='root', readonly=False)
        with open(self.home + '/config.json', 'w') as file:
            json.dump(config, file)

    def start(self):
        return self.quietly(self.engine, 'run', '-d', '--bundle', self.home, self.name)

    def state(self):
        return json.loads(run(self.engine, 'state', self.name).output)

    def host_pid(self):
        return self.state()['pid']

    def work(self, folder):
        return folder + '.work'

    def checkpoint(self, folder, parent, *more):
        os.makedirs(self.work(folder), exist_ok=True)  # (crun before 1.22 does not)
        based = ['--parent-path', os.path.relpath(parent, folder)] if parent else []
        return run(self.engine, 'checkpoint', '--image-path', folder, '--work-path', self.work(folder), *based, *more, self.name)

    def pre_dump(self, folder, parent, *more):
        return self.checkpoint(folder, parent, '--pre-dump', *more)

    def dump(self, folder, parent, *more):
        return self.checkpoint(folder, parent, *more)

    def restore(self, folder):
        run(self.engine, 'delete', self.name)
        return self.quietly(self.engine, 'restore', '-d', '--bundle', self.home, '--image-path', folder,
                            '--work-path', self.work(folder), self.name)

    def pause(self):
        return run(self.engine, 'pause', self.name)

    def resume(self):
        return run(self.engine, 'resume', self.name)

    def remove(self):
        run(self.engine, 'delete', '-f', self.name)
