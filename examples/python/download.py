"""Downloads a large answer with a progress bar, in constant memory: download.py PATH FILE"""

import sys

import boomi_auth
from tqdm import tqdm

path, file_name = sys.argv[1:]
with boomi_auth.Client.from_env() as client, client.get(path, stream=True) as answer:
    answer.raise_for_status()
    size = int(answer.headers.get("Content-Length", 0)) or None
    with open(file_name, "wb") as file, tqdm(total=size, unit="B", unit_scale=True) as bar:
        for piece in answer.iter_bytes():
            file.write(piece)
            bar.update(len(piece))
