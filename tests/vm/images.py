#!/usr/bin/python3
"""Looks at, and for the negative proofs damages, the pagemaps of an images directory. Needs nothing but python: it has
to work where pycriu is missing, and must not share a mistake with what it checks.

images.py check DIR[:lazy]...  every rule a pagemap must keep; prints "PRESENT+IN_PARENT" pages of each DIR. CRIU marks pages
                               that could be restored lazily; predump must not
images.py drop-page DIR ADDR   takes the page at ADDR out of DIR's pagemap (and its bytes out of the pages image)
images.py spoil DIR ADDR       changes bytes of the page at ADDR in whichever directory of the chain holds it
"""
import glob, mmap, os, struct, sys

PAGE, PARENT, LAZY, PRESENT = mmap.PAGESIZE, 1, 2, 4


def fields(b):
    """field number -> value of a protobuf message: a number, or the bytes of what has a length"""
    out, i = {}, 0

    def varint():
        nonlocal i
        n = shift = 0
        while True:
            c = b[i]
            i += 1
            n |= (c & 127) << shift
            shift += 7
            if c < 128:
                return n

    while i < len(b):
        tag = varint()
        if tag & 7 not in (0, 2):
            raise SystemExit('images: unexpected wire type %d' % (tag & 7))
        out[tag >> 3] = value = varint()
        if tag & 7 == 2:
            out[tag >> 3] = b[i:i + value]
            i += value
    return out


def message(**f):
    def varint(n):
        out = b''
        while n > 127:
            out += bytes([n & 127 | 128])
            n >>= 7
        return out + bytes([n])

    return b''.join(varint(int(k[1:]) << 3) + varint(v) for k, v in f.items())


class Pagemap:
    def __init__(self, path):
        self.path = path
        b = open(path, 'rb').read()
        if struct.unpack_from('<II', b) != (0x54564319, 0x56084025):
            raise SystemExit('%s: bad magic' % path)
        records, i = [], 8
        while i < len(b):
            n, = struct.unpack_from('<I', b, i)
            records.append(fields(b[i + 4:i + 4 + n]))
            i += 4 + n
        if i != len(b):
            raise SystemExit('%s: cut off' % path)
        self.pages_id = records[0][1]
        self.pages = os.path.join(os.path.dirname(path), 'pages-%d.img' % self.pages_id)
        self.runs = []  # (address, pages, flags)
        for r in records[1:]:
            flags = r[4] if 4 in r else PARENT if r.get(3) else PRESENT
            self.runs.append((r[1], r.get(5) or r[2], flags))

    def save(self):
        with open(self.path, 'wb') as f:
            f.write(struct.pack('<II', 0x54564319, 0x56084025))
            for m in [message(_1=self.pages_id)] + [message(_1=a, _2=n, _4=fl, _5=n) for a, n, fl in self.runs]:
                f.write(struct.pack('<I', len(m)) + m)

    def find(self, address):
        """index of the run with the address, and where its page lies in the pages image"""
        offset = 0
        for i, (a, n, flags) in enumerate(self.runs):
            if a <= address < a + n * PAGE:
                return i, offset + address - a
            if flags & PRESENT:
                offset += n * PAGE
        return None, None


def pagemaps(d):
    return [Pagemap(p) for p in sorted(glob.glob(os.path.join(d, 'pagemap-[0-9]*.img')))]


def holder(d, address):
    for m in pagemaps(d):
        if m.find(address)[0] is not None:
            return m
    raise SystemExit('images: no pagemap in %s has %x' % (d, address))


def check(d, lazy=0):
    present = in_parent = 0
    for m in pagemaps(d):
        own = sum(n for _, n, flags in m.runs if flags & PRESENT)
        size = os.path.getsize(m.pages)
        if size != own * PAGE:
            raise SystemExit('%s: %d bytes for %d pages' % (m.pages, size, own))
        above, end = None, 0
        for a, n, flags in m.runs:
            if a % PAGE or a < end or not n or flags & ~lazy not in (PARENT, PRESENT):
                raise SystemExit('%s: run %x+%d flags %d after %x' % (m.path, a, n, flags, end))
            end = a + n * PAGE
            if flags & PARENT:
                if above is None:
                    above = os.path.join(d, 'parent', os.path.basename(m.path))
                    covered = set()
                    for pa, pn, _ in Pagemap(above).runs:
                        covered.update(range(pa // PAGE, pa // PAGE + pn))
                lost = [p for p in range(a // PAGE, end // PAGE) if p not in covered]
                if lost:
                    raise SystemExit('%s: %d pages of run %x+%d are not in %s' % (m.path, len(lost), a, n, above))
                in_parent += n
        present += own
    return '%d+%d' % (present, in_parent)


def drop_page(d, address):
    m = holder(d, address)
    i, offset = m.find(address)
    a, n, flags = m.runs[i]
    before, after = (address - a) // PAGE, n - (address - a) // PAGE - 1
    m.runs[i:i + 1] = [r for r in [(a, before, flags), (address + PAGE, after, flags)] if r[1]]
    m.save()
    if flags & PRESENT:
        b = open(m.pages, 'rb').read()
        open(m.pages, 'wb').write(b[:offset] + b[offset + PAGE:])


def spoil(d, address):
    while True:
        m = holder(d, address)
        i, offset = m.find(address)
        if m.runs[i][2] & PRESENT:
            break
        d = os.path.join(d, 'parent')
    with open(m.pages, 'r+b') as f:
        f.seek(offset + 8)
        f.write(b'spoiled!')
    print('spoiled', m.pages)


if __name__ == '__main__':
    command = sys.argv[1]
    if command == 'check':
        print(*[check(d.split(':')[0], LAZY if d.endswith(':lazy') else 0) for d in sys.argv[2:]])
    else:
        {'drop-page': drop_page, 'spoil': spoil}[command](sys.argv[2], int(sys.argv[3], 16))
