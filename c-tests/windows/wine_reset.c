/*
 * What does a reader see of a connection that is reset behind data? Nothing of oxievent is linked here.
 * On Windows and on Unix: the error WSAECONNRESET. Wine 8, when select or another thread has looked at the socket in
 * between, reports an orderly end.
 */
#include <stdio.h>
#include <string.h>
#include <winsock2.h>
#include <windows.h>

int main(void)
{
    WSADATA data;
    struct sockaddr_in a;
    int len = sizeof a, n;
    struct linger hard = {1, 0};
    struct timeval second = {1, 0};
    u_long yes = 1;
    fd_set set;
    char room[16];
    SOCKET l, c, s;

    WSAStartup(0x0202, &data);
    memset(&a, 0, sizeof a);
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    l = socket(AF_INET, SOCK_STREAM, 0);
    bind(l, (struct sockaddr *)&a, sizeof a);
    listen(l, 1);
    getsockname(l, (struct sockaddr *)&a, &len);
    c = socket(AF_INET, SOCK_STREAM, 0);
    connect(c, (struct sockaddr *)&a, sizeof a);
    s = accept(l, NULL, NULL);
    ioctlsocket(c, FIONBIO, &yes);
    send(s, "some", 4, 0);
    setsockopt(s, SOL_SOCKET, SO_LINGER, (char *)&hard, sizeof hard);
    closesocket(s);
    for (;;) {
        FD_ZERO(&set);
        FD_SET(c, &set);
        select(0, &set, NULL, NULL, &second);
        n = recv(c, room, sizeof room, 0);
        printf("recv %d, error %d\n", n, n < 0 ? WSAGetLastError() : 0);
        if (n <= 0)
            break;
    }
    puts(n < 0 ? "the reset is told" : "the reset looks like an end");
    return n < 0 ? 0 : 1;
}
