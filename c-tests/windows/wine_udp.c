/*
 * Is the sender told that nobody has the port it sends to? Nothing of oxievent is linked here.
 * Windows: select says readable and recv fails with WSAECONNRESET. Wine 8: select waits in vain, and recv says
 * WSAEWOULDBLOCK.
 */
#include <stdio.h>
#include <string.h>
#include <winsock2.h>
#include <windows.h>

int main(void)
{
    WSADATA data;
    struct sockaddr_in a;
    int len = sizeof a, n, ready;
    struct timeval second = {1, 0};
    u_long yes = 1;
    fd_set set;
    char room[16];
    SOCKET gone, s;

    WSAStartup(0x0202, &data);
    memset(&a, 0, sizeof a);
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    gone = socket(AF_INET, SOCK_DGRAM, 0);
    bind(gone, (struct sockaddr *)&a, sizeof a);
    getsockname(gone, (struct sockaddr *)&a, &len);
    closesocket(gone);
    s = socket(AF_INET, SOCK_DGRAM, 0);
    connect(s, (struct sockaddr *)&a, sizeof a);
    ioctlsocket(s, FIONBIO, &yes);
    FD_ZERO(&set);
    FD_SET(s, &set);
    send(s, "x", 1, 0);
    ready = select(0, &set, NULL, NULL, &second);
    n = recv(s, room, sizeof room, 0);
    printf("select %d, recv %d, error %d\n", ready, n, n < 0 ? WSAGetLastError() : 0);
    return ready == 1 && n < 0 && WSAGetLastError() != WSAEWOULDBLOCK ? 0 : 1;
}
