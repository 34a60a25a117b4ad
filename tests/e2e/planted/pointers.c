/* Walks a table that hashes its keys by their address. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int main(void) {
    int table[64] = {0};
    for (int key = 1; key <= 24; key++) {
        /* Shared by address with others: where an object lies decides where it stands. */
        uintptr_t hash = (uintptr_t)malloc(100000) >> 12;
        hash = (hash ^ hash >> 5) * 2654435761u;
        hash = (hash ^ hash >> 11) * 2246822519u >> 9;
        while (table[hash % 64]) hash++;
        table[hash % 64] = key;
    }
    for (int i = 0; i < 64; i++)
        if (table[i]) printf("%d ", table[i]);
    puts("");
    return 0;
}
