// Our own texts on the page; everything else comes from the dashboards.
import { language } from './address.js';

const WORDS = {
  vi: {
    walls: 'Màn hình điều hành', wall: 'Màn hình', feed: 'Luồng dữ liệu', others: 'Khác', kiosk: 'toàn màn hình', other: 'English',
    updated: 'cập nhật', all: 'Tất cả', none: 'Chưa có màn hình nào',
    origin: 'Trình xem nhúng, không phải Grafana · Embedded viewer, not Grafana',
    about: 'Vẽ bằng các thành phần mở của Grafana (Apache-2.0) từ đúng các tệp mà Grafana nhận; số liệu đọc trực tiếp từ Prometheus.',
    lost: 'MẤT KẾT NỐI', hidden: 'Số liệu được che vì không còn chắc là đúng. Màn hình tự trở lại khi có kết nối.', last: 'Lần đọc cuối',
    provenance: 'Nguồn số liệu', real: 'thật', replay: 'phát lại', simulated: 'mô phỏng', licences: 'Giấy phép',
    errors: (count) => `${count} ô bị lỗi`,
    query: (name) => `truy vấn ${name}`, variable: (name) => `biến ${name}`, drawing: 'không vẽ được', noData: 'Không có dữ liệu',
    silent: 'Prometheus không trả lời', server: 'Máy chủ của trang này không trả lời', old: 'Số liệu quá cũ',
    tooLong: 'quá thời gian chờ', notDrawn: (type) => `Loại ô "${type}" không vẽ được ở đây`, loading: 'Đang đọc…',
  },
  en: {
    walls: 'Walls', wall: 'Walls', feed: 'Feeds', others: 'Others', kiosk: 'kiosk', other: 'Tiếng Việt',
    updated: 'updated', all: 'All', none: 'No walls yet',
    origin: 'Embedded viewer, not Grafana · Trình xem nhúng, không phải Grafana',
    about: "Drawn with Grafana's open components (Apache-2.0) from the very files Grafana gets; numbers are read live from Prometheus.",
    lost: 'CONNECTION LOST', hidden: 'Numbers are covered because they may no longer be true. The wall returns by itself.', last: 'Last reading',
    provenance: 'Provenance', real: 'real', replay: 'replay', simulated: 'simulated', licences: 'Licences',
    errors: (count) => (count === 1 ? '1 panel failed' : `${count} panels failed`),
    query: (name) => `query ${name}`, variable: (name) => `variable ${name}`, drawing: 'cannot be drawn', noData: 'No data',
    silent: 'Prometheus does not answer', server: 'The server of this page does not answer', old: 'The numbers are too old',
    tooLong: 'no answer in time', notDrawn: (type) => `Panels of type "${type}" are not drawn here`, loading: 'Reading…',
  },
};

export const words = WORDS[language];
