/* The configuration version that is offered to the receiver. */
#ifndef PLANSPOOL_SIM_ARCHIVE_H
#define PLANSPOOL_SIM_ARCHIVE_H

#define ARCHIVE_WHY 200

/* A descriptor of an unnamed file that holds the folder as .tar.gz; -1 with the reason, for people, in why. */
int archive_make(const char *folder, char why[ARCHIVE_WHY]);

#endif
