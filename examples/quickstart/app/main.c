#include <stdio.h>
#include <string.h>

#include "greet/greet.h"

/* Greets everyone who stands in the given file, one name a line. Without a file: the world. */
int main(int argc, char **argv) {
    char line[100];
    char text[128];
    if (argc < 2) {
        greet(text, sizeof text, "world");
        puts(text);
        return 0;
    }
    FILE *names = fopen(argv[1], "r");
    if (names == NULL) {
        perror(argv[1]);
        return 1;
    }
    while (fgets(line, sizeof line, names) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        greet(text, sizeof text, line);
        puts(text);
    }
    fclose(names);
    return 0;
}
