/* The two ways in which mount(8) calls us; fs/mount.c has the commands. */
#ifndef FS_MOUNT_H
#define FS_MOUNT_H

/* As the mount(8) helper mount.stemefs: argv is SPEC DIR [-sfnv] [-N ns] [-t type] -o …;
 * -f checks everything and mounts nothing. Returns the exit status. */
int mount_helper(int argc, char **argv);

#endif
