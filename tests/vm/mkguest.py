#!/usr/bin/env python3
"""Two helpers for setup.

mkguest.py kernel BZIMAGE OUT          unpack the ELF vmlinux from a bzImage: QEMU starts it by PVH, which
                                       saves the guest the decompression (0.7 s zstd, 2.5 s xz under TCG)
mkguest.py initrd MODDIR INIT BUSYBOX OUT MOD..
                                       write a newc cpio with BUSYBOX, INIT as /init and the named modules
                                       (dependencies first, decompressed), without needing cpio or root
"""
import lzma, os, struct, subprocess, sys


def kernel(src, out):
    b = open(src, 'rb').read()
    setup = (b[0x1f1] or 4) + 1
    off, length = struct.unpack_from('<II', b, 0x248)
    p = b[setup * 512 + off:setup * 512 + off + length]
    tool = {b'\x28\xb5\x2f\xfd': 'zstd', b'\x02\x21\x4c\x18': 'lz4', b'\xfd7zX': 'xz'}[p[:4]]
    # the last 4 bytes are the unpacked size, which the tools take for trailing rubbish
    elf = subprocess.run([tool, '-dc'], input=p[:-4], stdout=subprocess.PIPE).stdout
    assert elf[:4] == b'\x7fELF' and len(elf) == struct.unpack('<I', p[-4:])[0], 'bad kernel payload'
    open(out, 'wb').write(elf)


def read_module(path):
    b = open(path, 'rb').read()
    return lzma.decompress(b) if path.endswith('.xz') else b


def initrd(moddir, init, busybox, out, wanted):
    norm = lambda n: n.replace('-', '_')
    path = {}
    for d, _, files in os.walk(moddir):
        for f in files:
            if '.ko' in f:
                path[norm(f.split('.ko')[0])] = os.path.join(d, f)
    builtin = {norm(os.path.basename(l.strip())[:-3]) for l in open(os.path.join(moddir, 'modules.builtin'))}
    order, blob = [], {}

    def add(n):
        n = norm(n)
        if n in blob or n in builtin:
            return
        b = blob[n] = read_module(path[n])
        i = b.find(b'\0depends=') + 9
        for dep in b[i:b.index(b'\0', i)].decode().split(','):
            if dep:
                add(dep)
        order.append(n)

    for n in wanted:
        add(n)
    with open(out, 'wb') as f:
        ino = 0

        def entry(name, mode, data=b'', rdev=(0, 0)):
            nonlocal ino
            ino += 1
            n = name.encode() + b'\0'
            fields = (ino, mode, 0, 0, 1, 0, len(data), 0, 0, *rdev, len(n), 0)
            f.write(b'070701' + b''.join(b'%08x' % v for v in fields) + n)
            f.write(b'\0' * (-(110 + len(n)) % 4) + data + b'\0' * (-len(data) % 4))

        for d in ('bin', 'dev', 'mod', 'proc', 'root', 'sys'):
            entry(d, 0o40755)
        entry('dev/console', 0o20600, rdev=(5, 1))
        entry('dev/null', 0o20666, rdev=(1, 3))
        entry('bin/busybox', 0o100755, open(busybox, 'rb').read())
        entry('init', 0o100755, open(init, 'rb').read())
        for n in order:
            entry('mod/%s.ko' % n, 0o100644, blob[n])
        entry('mod/order', 0o100644, (' '.join(order) + '\n').encode())
        entry('TRAILER!!!', 0)


if sys.argv[1] == 'kernel':
    kernel(*sys.argv[2:4])
else:
    initrd(*sys.argv[2:6], sys.argv[6:])
