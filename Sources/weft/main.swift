import Commands
import Glibc

// What Weft makes below /run and /etc is read by processes of sandboxes, whatever the umask of who started it.
umask(0o022)
runWeft()
