"""An OCI image of one layer, for engines that want one."""
import hashlib, io, json, subprocess, tarfile

KIND = 'application/vnd.oci.image.%s'


def make_image(root, name, archive):
    """Puts the directory root into an archive, as an image of that name."""
    files = {'oci-layout': b'{"imageLayoutVersion":"1.0.0"}'}

    def blob(content, kind):
        digest = hashlib.sha256(content).hexdigest()
        files['blobs/sha256/' + digest] = content
        return {'mediaType': KIND % kind, 'digest': 'sha256:' + digest, 'size': len(content)}

    layer = blob(subprocess.run(['tar', '-C', root, '-c', '.'], stdout=subprocess.PIPE, check=True).stdout, 'layer.v1.tar')
    config = {'architecture': 'amd64', 'os': 'linux', 'config': {}, 'rootfs': {'type': 'layers', 'diff_ids': [layer['digest']]}}
    manifest = {'schemaVersion': 2, 'mediaType': KIND % 'manifest.v1+json', 'layers': [layer],
                'config': blob(json.dumps(config).encode(), 'config.v1+json')}
    entry = {**blob(json.dumps(manifest).encode(), 'manifest.v1+json'), 'annotations': {'io.containerd.image.name': name}}
    files['index.json'] = json.dumps({'schemaVersion': 2, 'manifests': [entry]}).encode()
    with tarfile.open(archive, 'w') as tar:
        for path, content in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
