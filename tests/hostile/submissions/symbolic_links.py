"""Follows links out of its folder, and makes some that lead in circles."""

import os

import keras

here = os.getcwd()
for number, target in enumerate(
    ("/etc/shadow", "/", "../../..", "/work", "/root", "/proc/1/root/etc/passwd")
):
    link = f"{here}/link-{number}"
    try:
        os.symlink(target, link)
        if os.path.isdir(link):
            found = set(os.listdir(link))
            if found & {"home", "var", ".bashrc", "boot", "solutions", "exercises"}:
                print("SAW", target, found)
        else:
            print("SAW", target, open(link, "rb").read(20))
    except OSError:
        pass
try:
    os.link("/etc/passwd", f"{here}/hard")
    print("SAW a hard link")
except OSError:
    pass
os.symlink("circle", f"{here}/circle")
print("LOOKED")


class Conv2D(keras.Layer):
    pass
